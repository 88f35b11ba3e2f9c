// A system's global is one function over a table of commands.
import { guard } from "../../loader/core";

export type Commands = Record<string, (...args: never[]) => unknown>;

export interface Global {
  (command: unknown, ...args: unknown[]): unknown;
  booted?: boolean;
}

// speak makes the function. The table must have no prototype (__proto__: null), so that "constructor" is as unknown as any
// other command that is not in it; unknown ones are ignored, and none throws.
export const speak =
  (table: object): Global =>
  (command, ...args) =>
    guard(() => (table as Commands)[command as string]?.(...(args as never[])));

// call lets page code run that may throw.
export const call = (callback: unknown, ...args: unknown[]): unknown =>
  guard(() => (callback as (...args: unknown[]) => unknown)(...args));
