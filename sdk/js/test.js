// Runs spec/vectors and sdk/testdata/cases.json; prints each proof for the gate to judge.
// An unknown field is fatal: a vector that a reader does not understand tests nothing.
import assert from 'node:assert/strict';
import { createHmac } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { InputError, Refused, tokenJWT, tokenV1, userHash, verifyBody, verifyQuery, verifyWebhook } from './server.js';

let checked = 0;

function known(value, names) {
  for (const name of Object.keys(value)) assert.ok(names.split(' ').includes(name), `unknown field ${name}`);
}

function read(path, fields) {
  const data = JSON.parse(readFileSync(new URL(`../../${path}`, import.meta.url), 'utf8'));
  known(data, fields['']);
  for (const [part, names] of Object.entries(fields)) for (const vector of data[part] ?? []) known(vector, names);
  return data;
}

function same(got, want, what) {
  checked++;
  assert.deepEqual(got, want, what);
}

function refused(kind, run, what) {
  checked++;
  try {
    run();
  } catch (e) {
    assert.ok(e instanceof kind, `${what}: ${e.stack}`);
    return e;
  }
  assert.fail(`${what}: not refused`);
}

const when = (text) => Date.parse(text) / 1000;
const unpack = (part) => Buffer.from(part, 'base64url').toString();

function* proofs(name) {
  for (const v of read(`spec/vectors/${name}.json`, { '': 'about vectors', vectors: 'name note keys assertion now expect' }).vectors) {
    known(v.assertion, 'dialect platform user_id email name hash jwt attributes');
    known(v.expect, 'verified method key email name attributes reason');
    for (const k of v.keys) known(k, 'id dialect secret secret_base64 signs platforms audiences max_life state ends sign_by');
    yield [v, v.keys[0], v.assertion, v.expect];
  }
}

function hashes(name) {
  for (const [v, key, a, expect] of proofs(name)) {
    if (key.secret === undefined || a.jwt !== undefined || /-(jwt|v1)$/.test(key.dialect)) continue;
    // This language has one kind of number: 1.0 is 1 and 1e3 is 1000.
    if (['user id 1.0', 'user id 1e3'].includes(v.name)) continue;
    const field = expect.verified?.split(':')[0] ?? (key.signs === 'either' ? 'user_id' : key.signs);
    const sign = () => userHash(key.secret, { dialect: key.dialect, [field === 'email' ? 'email' : 'userId']: a[field] });
    if (['identifier_malformed', 'identifier_missing'].includes(expect.reason)) refused(InputError, sign, v.name);
    else if (expect.reason === 'proof_mismatch') assert.notEqual(sign(), a.hash.toLowerCase(), v.name);
    else if (!expect.reason && !/^ensoras (lowered by|dotted)/.test(v.name)) { // other lowerings, which the gate takes too
      const sent = a.hash.replaceAll('-', '');
      same(sign(), sent.length === 64 ? sent.toLowerCase() : Buffer.from(sent, 'base64').toString('hex'), v.name);
    }
  }
}

function v1() {
  for (const [v, key, a, expect] of proofs('v1')) {
    if (!expect.verified) continue;
    const [, channel, issued, user, mail] = a.jwt.split('.');
    same(tokenV1(key.secret, { channel: unpack(channel), userId: unpack(user), email: unpack(mail), now: Number(issued) }), a.jwt, v.name);
  }
}

function jwt() {
  for (const [v, key, a, expect] of proofs('jwt')) {
    if (!expect.verified || !key.secret) continue;
    const claims = JSON.parse(unpack(a.jwt.split('.')[1]));
    const { aud, iat, exp, user_id: userId, email, ...rest } = claims;
    // The library makes no such token.
    if (typeof (aud ?? '') !== 'string' || !Number.isInteger(exp) || Object.values(rest).some((c) => c !== null && typeof c === 'object')) continue;
    const made = tokenJWT(key.secret, { dialect: key.dialect, channel: aud, userId, email, claims: rest, now: iat, life: exp - iat });
    if (userId !== undefined) claims.user_id = String(userId);
    const [header, payload, mac] = made.split('.');
    same(JSON.parse(unpack(payload)), claims, v.name);
    same(mac, createHmac('sha256', key.secret).update(`${header}.${payload}`).digest('base64url'), v.name);
  }
}

function scalars() {
  for (const v of read('spec/vectors/scalar.json', { '': 'about vectors', vectors: 'json text ok note' }).vectors) {
    const sign = () => userHash('s', { userId: v.json });
    if (v.ok && v.text) same(sign(), userHash('s', { userId: v.text }), v.text);
    else if (v.json === 1 || v.json === 1000) continue; // 1.0 and 1e3, as above
    else refused(InputError, sign, JSON.stringify(v));
  }
  for (const v of read('spec/vectors/fold.json', { '': 'about vectors', vectors: 'in out valid_email note' }).vectors) {
    const sign = () => userHash('s', { email: v.in });
    if (v.valid_email) same(sign().length, 64, v.in);
    else refused(InputError, sign, v.in);
  }
}

function requests() {
  const data = read('spec/vectors/requests.json', {
    '': 'about query query_refused body webhook hmac_sha1', query: 'name secret url own json signature signed_url',
    query_refused: 'name secret url own now reason', body: 'name secret body signature',
    webhook: 'name secrets headers body now reason', hmac_sha1: 'name key data mac',
  });
  const after = (url) => url.slice(url.indexOf('?') + 1);
  for (const v of data.query) {
    const got = verifyQuery(['another', v.secret], after(v.signed_url), { own: v.own, now: when('2026-03-01T12:00:00Z') });
    same(got, Object.entries(JSON.parse(v.json)), v.name);
  }
  for (const v of data.query_refused) {
    const e = refused(Refused, () => verifyQuery([v.secret], after(v.url), { own: v.own, now: when(v.now) }), v.name);
    same(e.reason, v.reason, v.name);
  }
  for (const v of data.body) {
    const headers = { 'x-helpscout-signature': v.signature };
    verifyBody(['another', v.secret], headers, v.body);
    same(refused(Refused, () => verifyBody([v.secret], headers, Buffer.from(`${v.body} `)), v.name).reason, 'proof_mismatch', v.name);
  }
  for (const v of data.webhook) {
    const verify = () => verifyWebhook(v.secrets, v.headers, Buffer.from(v.body), { now: when(v.now) });
    if (v.reason) same(refused(Refused, verify, v.name).reason, v.reason, v.name);
    else same(verify(), undefined, v.name);
  }
  refused(InputError, () => verifyBody([''], {}, ''), 'an empty secret');
  refused(InputError, () => verifyWebhook(['whsec_'], {}, ''), 'an empty webhook secret');
  refused(InputError, () => verifyQuery(['s'], '', { own: ['Tier'] }), 'a name of ours');
}

function cases() {
  const fields = 'name make dialect secret channel user_id email now life claims error';
  const makers = { hash: userHash, v1: tokenV1, jwt: tokenJWT };
  for (const [i, c] of read('sdk/testdata/cases.json', { '': 'about cases', cases: fields }).cases.entries()) {
    const { name, make, secret, error, user_id: userId, ...options } = c;
    const sign = () => makers[make](secret, { userId, ...options });
    if (error) refused(InputError, sign, name);
    else console.log('proof', i, sign());
  }
}

hashes('published');
hashes('hash');
v1();
jwt();
scalars();
requests();
cases();
console.log('checked', checked);
