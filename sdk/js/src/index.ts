import type { Client, Options } from "../headless.js";
import { Headless } from "./client";

export function createClient(options: Options): Client {
  return new Headless(options);
}
