// A real server for the tests: the binary that COUNTERSIGN_BINARY names, on a directory of its own, behind a wire that can be cut.
import { execFileSync, spawn } from 'node:child_process';
import { randomUUID } from 'node:crypto';
import { mkdtempSync, rmSync } from 'node:fs';
import net from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';

const binary = process.env.COUNTERSIGN_BINARY;
if (!binary) throw new Error('COUNTERSIGN_BINARY names no binary: go build -o /tmp/countersign ./cmd/countersign');
const env = Object.fromEntries(Object.entries(process.env).filter(([name]) => !name.startsWith('COUNTERSIGN_')));

export async function serve(t) {
  const dir = mkdtempSync(join(tmpdir(), 'sdkjs-'));
  const data = join(dir, 'data');
  const port = await freePort();
  const child = spawn(binary, ['serve', '--data', data, '--listen', `127.0.0.1:${port}`], { env, stdio: ['ignore', 'pipe', 'inherit'] });
  t.after(async () => {
    if (child.exitCode === null) await new Promise((done) => child.once('exit', done) && child.kill());
    rmSync(dir, { recursive: true, force: true });
  });
  const lines = [];
  createInterface({ input: child.stdout }).on('line', (line) => lines.push(line));
  const url = `http://127.0.0.1:${port}`;
  await until('the server is ready', async () => (await fetch(`${url}/readyz`).catch(() => undefined))?.ok, 30_000);
  const cli = (...args) => JSON.parse(execFileSync(binary, [...args, '--data', data, '--json'], { env, encoding: 'utf8' }) || 'null');
  return { url, port, cli, line: (pattern) => until(`a line ${pattern}`, () => lines.map((l) => pattern.exec(l)).find(Boolean)) };
}

// shop is a channel with one native key.
export function shop(server, { slug = 'shop', enforcement = 'enforce', platforms = ['web', 'ios', 'android'] } = {}) {
  server.cli('channel', 'create', '--slug', slug, '--enforcement', enforcement, ...platforms.flatMap((p) => ['--platform', p]));
  return server.cli('keys', 'generate', '--channel', slug);
}

// agent signs the owner in by the link that the server printed.
export async function agent(server) {
  const [, token] = await server.line(/[#=/]([\w-]{30,})\s*$/);
  const call = async (method, path, body) => {
    const headers = { 'Content-Type': 'application/json', ...(call.cookie ? { Cookie: call.cookie } : {}) };
    const answer = await fetch(`${server.url}/api/v1/console${path}`, { method, headers, body: body && JSON.stringify(body) });
    const cookies = answer.headers.getSetCookie().map((c) => c.split(';')[0]);
    if (cookies.length) call.cookie = cookies.join('; ');
    const text = await answer.text();
    if (!answer.ok) throw new Error(`${method} ${path}: ${answer.status} ${text}`);
    return text ? JSON.parse(text) : undefined;
  };
  await call('POST', '/setup', { token, email: 'grace@example.com', name: 'Grace Agent', password: 'four unrelated words here' });
  server.cli('team', 'second-factor', 'off');
  return {
    call,
    answer: (conversation, text) => call('POST', `/conversations/${conversation}/messages`, { text, client_id: randomUUID() }),
  };
}

// wire leads to the server until it is cut.
export async function wire(t, server) {
  const sockets = new Set();
  let open = true;
  let mute = false;
  const listener = net.createServer((near) => {
    if (!open) return near.destroy();
    const far = net.connect(server.port, '127.0.0.1');
    sockets.add(near);
    near.on('close', () => sockets.delete(near) && far.destroy());
    far.on('close', () => near.destroy());
    near.on('error', () => undefined);
    far.on('error', () => undefined);
    near.pipe(far);
    far.on('data', (said) => (mute ? near.destroy() : near.write(said)));
  });
  await new Promise((ready) => listener.listen(0, '127.0.0.1', ready));
  const drop = () => sockets.forEach((s) => s.destroy());
  t.after(() => {
    drop();
    listener.close();
  });
  return {
    url: `http://127.0.0.1:${listener.address().port}`,
    drop, // what stands falls; what comes next gets through
    cut: () => {
      open = false;
      drop();
    },
    swallow: () => (mute = true), // what is asked gets through, and its answer is lost
    mend: () => {
      open = true;
      mute = false;
    },
  };
}

export async function until(what, done, limit = 20_000) {
  const end = Date.now() + limit;
  for (;;) {
    const value = await done();
    if (value) return value;
    if (Date.now() > end) throw new Error(`waited ${limit} ms until ${what}`);
    await new Promise((next) => setTimeout(next, 10));
  }
}

function freePort() {
  return new Promise((resolve) => {
    const probe = net.createServer().listen(0, '127.0.0.1', () => {
      const { port } = probe.address();
      probe.close(() => resolve(port));
    });
  });
}

// store is a phone's storage, which answers later.
export function store() {
  const kept = new Map();
  const soon = (value) => new Promise((done) => setImmediate(done, value));
  return { kept, get: (key) => soon(kept.get(key)), set: (key, value) => soon(kept.set(key, value)), remove: (key) => soon(kept.delete(key)) };
}
