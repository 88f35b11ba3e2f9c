// A system's global is one function over a table of commands.
import { guard } from "../../loader/core";

export type Commands = Record<string, (...args: never[]) => unknown>;

export interface Global {
  (command: unknown, ...args: unknown[]): unknown;
  booted?: boolean;
}

// speak makes the function. The table has no prototype, so that "constructor" is as unknown as any other command that is
// not in it; unknown ones are ignored, and none throws.
export function speak(commands: Commands): Global {
  const table = Object.assign(Object.create(null) as Commands, commands);
  return (command, ...args) => guard(() => (typeof command === "string" ? table[command]?.(...(args as never[])) : undefined));
}

// call lets page code run that may throw.
export const call = (callback: unknown, ...args: unknown[]): unknown =>
  guard(() => (callback as (...args: unknown[]) => unknown)(...args));
