// Runs every *.test.ts under node's own runner: esbuild turns each into plain JavaScript first.
//
//	node test.mjs [DIR]...
import { build } from "esbuild";
import { spawnSync } from "node:child_process";
import { mkdirSync, readdirSync, rmSync, statSync } from "node:fs";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";

const root = dirname(fileURLToPath(import.meta.url));
const out = join(root, "node_modules/.cache/tests", String(process.pid));
const folders = process.argv.slice(2);

function testFiles(dir) {
  return readdirSync(dir).flatMap((name) => {
    if (name === "node_modules" || name === "dist") return [];
    const path = join(dir, name);
    if (statSync(path).isDirectory()) return testFiles(path);
    return /\.test\.tsx?$/.test(name) ? [path] : [];
  });
}

rmSync(out, { recursive: true, force: true });
mkdirSync(out, { recursive: true });
const files = (folders.length ? folders : ["."]).flatMap((name) => testFiles(join(root, name)));
await build({
  entryPoints: files,
  outdir: out,
  outbase: root,
  bundle: true,
  platform: "node",
  format: "esm",
  outExtension: { ".js": ".mjs" },
  loader: { ".css": "empty" },
  jsx: "automatic",
  jsxImportSource: "preact",
  sourcemap: "inline",
  logLevel: "warning",
});
const built = testFilesBuilt(out);
const run = spawnSync(process.execPath, ["--enable-source-maps", "--test", "--test-timeout=30000", ...built], { stdio: "inherit" });
rmSync(out, { recursive: true, force: true });
process.exit(run.status ?? 1);

function testFilesBuilt(dir) {
  return readdirSync(dir).flatMap((name) => {
    const path = join(dir, name);
    return statSync(path).isDirectory() ? testFilesBuilt(path) : [path];
  });
}
