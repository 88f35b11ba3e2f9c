// The package as it would be published.
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { test } from 'node:test';
import { fileURLToPath } from 'node:url';

const here = fileURLToPath(new URL('..', import.meta.url));
const manifest = JSON.parse(readFileSync(`${here}package.json`, 'utf8'));

test('every entry is in the package with its types, and nothing else is but the README', () => {
  const [{ files }] = JSON.parse(execFileSync('npm', ['pack', '--dry-run', '--json', '--offline'], { cwd: here, encoding: 'utf8', stdio: ['ignore', 'pipe', 'ignore'] }));
  const packed = new Set(files.map((file) => file.path));
  const entries = Object.values(manifest.exports).flatMap((entry) => (typeof entry === 'string' ? entry : [entry.types, entry.default]));
  for (const path of entries) assert.ok(packed.has(path.slice(2)), `${path} is not packed`);
  assert.deepEqual([...packed].sort(), [...manifest.files, 'README.md', 'package.json'].sort());
});

test('no file of it imports what it does not bring or name as a peer', () => {
  const peers = Object.keys(manifest.peerDependencies);
  for (const path of manifest.files) {
    const found = readFileSync(here + path, 'utf8').matchAll(/\b(?:from|import)\s*\(?\s*['"]([^'"]+)['"]/g);
    for (const [, from] of found) {
      const ours = from.startsWith('./') && manifest.files.some((file) => `./${file}` === from || `./${file.replace('.d.ts', '.js')}` === from);
      assert.ok(ours || peers.includes(from) || from.startsWith('node:'), `${path} imports ${from}`);
    }
  }
  for (const peer of peers) assert.equal(manifest.peerDependenciesMeta[peer].optional, true);
});
