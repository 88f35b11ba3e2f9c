// Builds headless.js, the one file of this package that is made: it shares the calls, the stream and the list of conversations with the
// messenger in web/, and a package that is published cannot reach there. esbuild is web's.
//
//	node build.mjs
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

const here = dirname(fileURLToPath(import.meta.url));
const { build } = createRequire(join(here, '../../web/package.json'))('esbuild');
await build({
  absWorkingDir: here,
  entryPoints: ['src/index.ts'],
  outfile: 'headless.js',
  bundle: true,
  minify: true,
  format: 'esm',
  platform: 'neutral',
  target: 'es2020',
  charset: 'utf8',
  legalComments: 'none',
  logLevel: 'warning',
});
