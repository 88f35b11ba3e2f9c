// What the server says of a proof, and the code that makes a right one.

import type { Signs } from "./types";

export type Language = "node" | "php" | "python" | "ruby" | "go" | "java" | "csharp";
export const LANGUAGES: { id: Language; name: string }[] = [
  { id: "node", name: "Node.js" },
  { id: "php", name: "PHP" },
  { id: "python", name: "Python" },
  { id: "ruby", name: "Ruby" },
  { id: "go", name: "Go" },
  { id: "java", name: "Java" },
  { id: "csharp", name: "C#" },
];

export interface ServerCode {
  language: Language;
  file: string;
  code: string;
  function: string;
  arguments: string[] | null;
  token?: boolean;
}

/** What a part is for: where the secret comes from, what signs, what hands it to pages, what a page prints. */
export type SnippetUse = "configuration" | "server" | "wiring" | "page";

/** One file, or what is added to one that is there. */
export interface SnippetPart {
  use: SnippetUse;
  file?: string;
  add?: boolean;
  code: string;
  include?: string; // how the layout takes it in
  unrun?: string; // why our tests do not run it as it is
}

export interface Framework {
  id: string;
  name: string;
  language?: Language; // none for a theme that signs by itself
  fits: boolean; // it can make this key's proof
}

export interface Snippets {
  key?: string;
  key_name?: string;
  dialect: string;
  signs: Signs;
  server?: ServerCode | null;
  page: string;
  logout?: string;
  variable: string;
  framework?: string;
  parts: SnippetPart[] | null;
  frameworks: Framework[] | null;
}

export interface Inquiry {
  dialect?: string;
  platform?: string;
  user_id?: string;
  email?: string;
  hash?: string;
  token?: string;
}

export interface Cause {
  code: string;
  explain: string;
  fix: string;
}

export interface Diagnosis {
  verified: boolean;
  identifiers?: Record<string, string> | null;
  causes: Cause[] | null;
  dialect?: string;
  signs?: Signs;
}

/** Whether a pasted text is a token: three parts of a JWT or six of v1, with whatever stands around them. */
export function isToken(pasted: string): boolean {
  const text = pasted.trim().replace(/^Bearer /i, "").replace(/^["']|["']$/g, "");
  const parts = text.split(".");
  return (parts.length === 3 && parts[0] !== "" && parts[1] !== "") || (parts.length === 6 && parts[0] === "v1");
}

/** What is asked of a pasted text. Nothing is trimmed: a blank too many may be the mistake. */
export function inquiry(pasted: string, userId: string, email: string, dialect: string, platform = ""): Inquiry {
  const proof = isToken(pasted) ? { token: pasted } : { hash: pasted };
  return { ...(pasted ? proof : {}), ...(userId ? { user_id: userId } : {}), ...(email ? { email } : {}), ...(dialect ? { dialect } : {}), ...(platform ? { platform } : {}) };
}
