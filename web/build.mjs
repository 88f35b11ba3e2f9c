// Builds the faces into dist/: the loader under its fixed name, everything else under names that carry a hash of the
// content, so that a server may call them immutable. dist/manifest.json maps a logical name to the file that bears it.
// Each file lies there three times: plain, .gz and .br. The build fails when a face outgrows its budget.
//
//	node build.mjs [--only widget|console] [--out DIR]
import { build } from "esbuild";
import { minify } from "terser";
import { existsSync, mkdirSync, readFileSync, readdirSync, rmSync, writeFileSync } from "node:fs";
import { basename, dirname, join, relative, resolve } from "node:path";
import { fileURLToPath } from "node:url";
import { parseArgs } from "node:util";
import { brotliCompressSync, constants, gzipSync } from "node:zlib";

const root = dirname(fileURLToPath(import.meta.url));
const { values: flags } = parseArgs({ options: { only: { type: "string" }, out: { type: "string", default: join(root, "dist") } } });
const dist = resolve(flags.out);

// Bytes after brotli. A face's size is its entry and everything it loads at once; a part loaded later stands alone.
const budgets = { loader: 2500, boot: 8000, mobile: 10250, messenger: 25000, lazy: 40000 };
// What an adapter for another system's global may add to the native loader.
const adapterBudget = 2048;
// The adapters, each a loader of its own: compat/<name>.ts.
const adapters = readdirSync(join(root, "compat")).flatMap((name) => (/^(\w+)\.ts$/.exec(name) ?? []).slice(1));

// textStyles turns `import css from "./x.css?text"` into the minified text of that sheet.
const textStyles = {
  name: "text-styles",
  setup(b) {
    b.onResolve({ filter: /\.css\?text$/ }, (args) => ({
      path: join(args.resolveDir, args.path.slice(0, -"?text".length)),
      namespace: "css-text",
    }));
    b.onLoad({ filter: /.*/, namespace: "css-text" }, async (args) => {
      const out = await build({ entryPoints: [args.path], bundle: true, minify: true, write: false, target });
      return { contents: out.outputFiles[0].text.trim(), loader: "text", watchFiles: [args.path] };
    });
  },
};

// squeeze makes a loader as small as it gets: it is on every page of every customer. Its name carries terser's version, for
// the same source comes out otherwise with another.
const terserVersion = JSON.parse(readFileSync(join(root, "node_modules/terser/package.json"), "utf8")).version;
async function squeeze(outputs) {
  for (const path of Object.keys(outputs)) {
    const { code } = await minify(readFileSync(join(root, path), "utf8"), { ecma: 2020, toplevel: true, compress: { passes: 2 } });
    writeFileSync(join(root, path), code + "\n");
  }
  return outputs;
}

const target = ["chrome111", "firefox119", "safari16.4"];

const common = {
  define: { VENDOR: '""' },
  absWorkingDir: root,
  bundle: true,
  minify: true,
  metafile: true,
  target,
  charset: "utf8",
  legalComments: "none",
  logLevel: "warning",
  jsx: "automatic",
  jsxImportSource: "preact",
  plugins: [textStyles],
};

const script = { ...common, format: "iife", outdir: dist, footer: { js: `// terser ${terserVersion}` } };

const modules = {
  ...common,
  format: "esm",
  splitting: true,
  outdir: dist,
  entryNames: "assets/[name]-[hash]",
  chunkNames: "assets/[name]-[hash]",
  assetNames: "assets/[name]-[hash]",
};

function clean() {
  mkdirSync(dist, { recursive: true });
  for (const name of readdirSync(dist)) {
    if (name !== "placeholder.txt") rmSync(join(dist, name), { recursive: true });
  }
}

// bundle answers with every output, by its path as esbuild names it.
async function bundle() {
  const builds = [];
  if (flags.only !== "console") builds.push(widget());
  if (flags.only !== "widget" && existsSync(join(root, "console/main.tsx"))) {
    // Apart from the widget: a visitor never loads a chunk whose shape the console decided.
    builds.push(build({ ...modules, entryPoints: { console: "console/main.tsx" } }).then((b) => b.metafile.outputs));
  }
  return Object.assign({}, ...(await Promise.all(builds)));
}

// The messenger is built first, and boot is told its name: what both use is in both, so that boot stays one file and the
// badge on a page costs one round trip after the document.
async function widget() {
  const loader = await squeeze((await build({ ...script, entryPoints: { v1: "loader/main.ts" } })).metafile.outputs);
  const vendors = await Promise.all(adapters.map(adapter));
  const messenger = await build({ ...modules, entryPoints: { messenger: "widget/main.tsx" } });
  const name = basename(entryOf(messenger.metafile.outputs, "widget/main.tsx"));
  const named = {
    name: "messenger-by-name",
    setup: (b) => b.onResolve({ filter: /^\.\.\/widget\/main$/ }, () => ({ path: `./${name}`, external: true })),
  };
  const boot = await build({ ...modules, entryPoints: { boot: "boot/main.ts" }, plugins: [...common.plugins, named] });
  const mobile = await build({ ...modules, entryPoints: { mobile: "boot/mobile.ts" }, plugins: [...common.plugins, named] });
  return { ...loader, ...Object.assign({}, ...vendors), ...messenger.metafile.outputs, ...boot.metafile.outputs, ...mobile.metafile.outputs };
}

// adapter builds one loader that speaks another system's global. Its name is known to the core, which leaves out what only
// others need.
async function adapter(name) {
  const made = await build({
    ...script,
    define: { VENDOR: JSON.stringify(name) },
    entryPoints: { [name]: `compat/${name}.ts` },
    entryNames: "assets/[name]-[hash]",
  });
  return squeeze(made.metafile.outputs);
}

function compress(outputs) {
  const size = new Map(); // :: output path → bytes after brotli
  for (const path of Object.keys(outputs)) {
    const plain = readFileSync(join(root, path));
    const br = brotliCompressSync(plain, {
      params: { [constants.BROTLI_PARAM_QUALITY]: 11, [constants.BROTLI_PARAM_SIZE_HINT]: plain.length },
    });
    writeFileSync(join(root, path + ".br"), br);
    writeFileSync(join(root, path + ".gz"), gzipSync(plain, { level: 9 }));
    size.set(path, { plain: plain.length, br: br.length });
  }
  return size;
}

// entryOf finds the output that a source file became, as an entry point or as a lazily loaded part.
function entryOf(outputs, source) {
  return Object.keys(outputs).find((path) => outputs[path].entryPoint === source);
}

// atOnce lists what a browser fetches before the given output can run.
function atOnce(outputs, path, seen = new Set()) {
  if (!path || seen.has(path)) return seen;
  seen.add(path);
  for (const i of outputs[path].imports) {
    if (i.kind === "import-statement") atOnce(outputs, i.path, seen);
  }
  if (outputs[path].cssBundle) seen.add(outputs[path].cssBundle);
  return seen;
}

function manifestOf(outputs) {
  const manifest = {};
  for (const [path, out] of Object.entries(outputs)) {
    const file = relative(dist, join(root, path));
    // assets/boot-ABCDEFGH.js is known as boot.js; chunks are reached from their importers only.
    if (out.entryPoint || path.endsWith(".css")) manifest[basename(file).replace(/-[A-Z0-9]{8}(\.\w+)$/, "$1")] ??= file;
  }
  return Object.fromEntries(Object.entries(manifest).sort());
}

function report(outputs, size) {
  const faces = [
    ["loader", "loader/main.ts", budgets.loader],
    ["boot", "boot/main.ts", budgets.boot],
    ["mobile", "boot/mobile.ts", budgets.mobile],
    ["messenger", "widget/main.tsx", budgets.messenger],
    ["console", "console/main.tsx", undefined],
  ];
  const rows = faces.map(([name, source, budget]) => [name, [...atOnce(outputs, entryOf(outputs, source))], budget]).filter((r) => r[1].length);
  const native = rows[0]?.[0] === "loader" ? size.get(rows[0][1][0]).br : 0;
  for (const name of adapters) {
    const path = entryOf(outputs, `compat/${name}.ts`);
    if (path) rows.push([name, [path], native + adapterBudget]);
  }
  const counted = new Set(rows.flatMap(([, files]) => files));
  for (const path of Object.keys(outputs)) {
    if (!counted.has(path)) rows.push([`lazy ${basename(path)}`, [path], budgets.lazy]);
  }
  return rows.map(([name, files, budget]) => {
    const sum = (key) => files.reduce((n, f) => n + size.get(f)[key], 0);
    return { name, files: files.length, plain: sum("plain"), br: sum("br"), budget };
  });
}

function print(rows) {
  const width = Math.max(...rows.map((r) => r.name.length));
  console.log(`${"face".padEnd(width)}  files    plain   brotli   budget`);
  for (const r of rows) {
    const cells = [String(r.files).padStart(5), String(r.plain).padStart(8), String(r.br).padStart(8)];
    const verdict = r.budget ? `${String(r.budget).padStart(8)}${r.br > r.budget ? "  OVER" : ""}` : "";
    console.log(`${r.name.padEnd(width)}  ${cells.join(" ")} ${verdict}`);
  }
}

clean();
const outputs = await bundle();
const size = compress(outputs);
writeFileSync(join(dist, "manifest.json"), JSON.stringify(manifestOf(outputs), null, 2) + "\n");
const rows = report(outputs, size);
writeFileSync(join(dist, "sizes.json"), JSON.stringify(rows, null, 2) + "\n");
print(rows);

for (const r of rows.filter((r) => r.budget && r.br > r.budget)) {
  console.error(`${r.name} is ${r.br} bytes after brotli, over its budget of ${r.budget}`);
  process.exitCode = 1;
}
