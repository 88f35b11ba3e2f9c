// Bundles what the browser walks load into a directory: the sites of test/apps, and the README's examples as pages.
//
//	node test/bundle.mjs DIR
import { mkdirSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { example } from './examples.mjs';

const here = dirname(fileURLToPath(import.meta.url));
const { build } = createRequire(join(here, '../../../web/package.json'))('esbuild');
const [out] = process.argv.slice(2);
mkdirSync(out, { recursive: true });

const shown = {
  'readme-page': example('page'),
  'readme-react': `${example('react')}\nimport { createRoot } from 'react-dom/client';\ncreateRoot(document.getElementById('app')).render(<Shop user={{ id: 'ada' }} />);`,
  'readme-vue': example('vue'),
};
const options = { bundle: true, format: 'esm', jsx: 'automatic', target: 'chrome111', define: { 'process.env.NODE_ENV': '"development"' }, logLevel: 'warning' };
await build({ ...options, entryPoints: ['page.js', 'react.jsx', 'vue.js'].map((name) => join(here, 'apps', name)), outdir: out });
await build({ ...options, format: 'iife', entryPoints: [join(here, 'apps/headless.js')], outdir: out });
for (const [name, contents] of Object.entries(shown)) {
  const { outputFiles } = await build({ ...options, stdin: { contents, loader: 'jsx', resolveDir: here }, write: false });
  writeFileSync(join(out, `${name}.js`), outputFiles[0].text);
}
