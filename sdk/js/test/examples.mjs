// The examples of the README, by the word after their language.
import { readFileSync } from 'node:fs';

export function example(name) {
  const readme = readFileSync(new URL('../README.md', import.meta.url), 'utf8');
  const [, code] = new RegExp(`\`\`\`jsx? ${name}\\n([^]*?)\`\`\``).exec(readme) ?? [];
  if (!code) throw new Error(`the README has no example ${name}`);
  return code;
}
