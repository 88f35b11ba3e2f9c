// Bundles one page's script with the published clients that it imports, and prints it. The clients are taken as they are.
//
//	node build.mjs intercom-react
import { createRequire } from "node:module";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";

const here = dirname(fileURLToPath(import.meta.url));
const { buildSync } = createRequire(join(here, "../../../web/package.json"))("esbuild");
const { outputFiles } = buildSync({
  entryPoints: [join(here, `${process.argv[2]}.js`)],
  bundle: true,
  write: false,
  format: "iife",
  loader: { ".js": "jsx" },
  define: { "process.env.NODE_ENV": '"production"', __VUE_OPTIONS_API__: "true", __VUE_PROD_DEVTOOLS__: "false", __VUE_PROD_HYDRATION_MISMATCH_DETAILS__: "false" },
  logLevel: "error",
});
process.stdout.write(outputFiles[0].text);
