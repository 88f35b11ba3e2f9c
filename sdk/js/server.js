/**
 * For a customer's backend: proves to Countersign who is logged in there, and
 * checks that a request came from Countersign. No dependencies; Node 18 or later.
 */
import { createHmac, timingSafeEqual } from 'node:crypto';

const TOLERANCE = 300; // seconds that a request's time may lie from ours
const SIGNATURE = 'X-HelpScout-Signature';
const ISSUED_AT = 'issued-at';
const OURS = new Set(['conversation-id', 'conversation-number', 'customer-id', 'mailbox-id', 'user-id', 'installation-ids',
  'application-id', 'application-slug', ISSUED_AT, 'tier', SIGNATURE.toLowerCase()]);
const LONE_SURROGATE = /\p{Surrogate}/u;
const CONTROL = /[\u0000-\u001f\u007f-\u009f]/; // eslint-disable-line no-control-regex
const BLANK = /[\u0000-\u0020\u007f-\u00a0\u1680\u2000-\u200a\u2028\u2029\u202f\u205f\u3000]/; // eslint-disable-line no-control-regex

/** What was passed cannot be signed. */
export class InputError extends TypeError {
  name = 'InputError';
}

/** A request is not from Countersign, or not from now. */
export class Refused extends Error {
  name = 'Refused';

  constructor(reason, message) {
    super(`refused ${reason}: ${message}`);
    this.reason = reason;
  }
}

// dialect → what its keys may sign: u, the user id; e, the email.
const HASHES = Object.assign(Object.create(null), {
  native: 'ue', intercom: 'ue', helpscout: 'e', pylon: 'e', ensoras: 'e',
  chatwoot: 'ue', crisp: 'e', tawk: 'ue', front: 'e', plain: 'e', gleap: 'u', novu: 'u', featurebase: 'ue',
});

// dialect → the claim that names the person (user_id), the scope, and whether a channel must be named.
const TOKENS = Object.assign(Object.create(null), {
  'native-jwt': {}, 'pylon-jwt': {}, 'intercom-jwt': { channel: false },
  'zendesk-jwt': { channel: false, person: 'external_id', scope: 'user' }, 'freshchat-jwt': { channel: false, person: 'reference_id' },
});

export function userHash(secret, { userId, email, dialect = 'native' } = {}) {
  if (!(dialect in HASHES)) throw new InputError('no such dialect with a hash');
  const key = keyOf(secret, dialect);
  const who = identity(userId, email);
  if (who.userId && who.email) throw new InputError('a hash covers one field: give the one that the key signs');
  if (!HASHES[dialect].includes(who.userId ? 'u' : 'e')) throw new InputError(`a key of ${dialect} signs the ${who.userId ? 'email' : 'user id'} alone`);
  let message = who.userId || who.email;
  // Languages disagree on lowering outside ASCII; the gate takes this.
  if (dialect === 'ensoras') message = message.replace(/[A-Z]/g, (c) => c.toLowerCase());
  return createHmac('sha256', key).update(message).digest('hex');
}

export function tokenV1(secret, { channel, userId, email, now } = {}) {
  const key = keyOf(secret, 'native-v1');
  const who = identity(userId, email);
  const place = channelOf(channel);
  const issued = String(timeOf(now));
  const signed = ['countersign.v1', place, who.userId, who.email, issued].map((t) => `${Buffer.byteLength(t)}:${t},`).join('');
  return ['v1', encode(place), issued, encode(who.userId), encode(who.email), createHmac('sha256', key).update(signed).digest('base64url')].join('.');
}

export function tokenJWT(secret, { channel, userId, email, dialect = 'native-jwt', life = 600, claims = {}, now } = {}) {
  if (!(dialect in TOKENS)) throw new InputError('no such dialect with a JWT');
  const { person = 'user_id', scope, channel: named = true } = TOKENS[dialect];
  const key = keyOf(secret, dialect);
  const who = identity(userId, email);
  const iat = timeOf(now);
  if (!Number.isSafeInteger(life) || life < 1 || (dialect === 'pylon-jwt' && life > 900)) {
    throw new InputError('the life of a token is a number of seconds, for pylon-jwt 900 at most');
  }
  if (!named && !who.userId) throw new InputError(`a token of ${dialect} names the user id`);
  if (dialect === 'pylon-jwt' && !who.email) throw new InputError('a token of pylon-jwt names the email');
  const said = new Map([['iat', iat], ['exp', iat + life]]);
  if (channel || named) said.set('aud', channelOf(channel));
  if (who.userId) said.set(person, who.userId);
  if (who.email) said.set('email', who.email);
  if (scope) said.set('scope', scope);
  for (const [name, value] of Object.entries(claims)) {
    if (name === person || (scope && name === 'scope')) throw new InputError(`the claim ${name} has an option of its own`);
    said.set(...claim(name, value));
  }
  // Written by hand: an object would take __proto__ for its own.
  const payload = [...said].map(([name, value]) => `${JSON.stringify(name)}:${JSON.stringify(value)}`).join(',');
  const signed = `${encode('{"alg":"HS256","typ":"JWT"}')}.${encode(`{${payload}}`)}`;
  return `${signed}.${createHmac('sha256', key).update(signed).digest('base64url')}`;
}

export function verifyWebhook(secrets, headers, body, { now } = {}) {
  const keys = texts(secrets).map(webhookKey);
  const [id, stamp, listed] = ['webhook-id', 'webhook-timestamp', 'webhook-signature'].map((name) => one(headers, name));
  const at = seconds(stamp, 'webhook-timestamp');
  if (!/^[!-\-/-~]{1,255}$/.test(id)) throw new Refused('proof_malformed', 'webhook-id has a character that an id cannot have.');
  const macs = signatures(listed);
  const bytes = bytesOf(body);
  let matched = false;
  for (const key of keys) {
    const want = createHmac('sha256', key).update(`${id}.${stamp}.`).update(bytes).digest();
    for (const mac of macs) matched = timingSafeEqual(want, mac) || matched;
  }
  if (!matched) throw new Refused('proof_mismatch', 'No signature belongs to this id, time, body and secret.');
  judge(at, now);
}

export function verifyQuery(secrets, query, { own = [], now } = {}) {
  const keys = texts(secrets);
  for (const name of texts(own)) {
    if (OURS.has(name.toLowerCase()) || !plain(name)) throw new InputError("an own parameter has one of Countersign's names or an odd character");
  }
  if (typeof query !== 'string') throw new InputError('the query is text: what stands after ? in the address');
  const params = readQuery(query).filter(([name]) => !own.includes(name));
  const sent = params.find(([name]) => name === SIGNATURE)?.[1];
  if (!sent?.length) throw new Refused('proof_missing', `The address has no ${SIGNATURE}.`);
  const mac = strict(sent.toString('latin1'), 20, 'The signature is not 20 bytes in base64.');
  const signed = params.filter(([name]) => name !== SIGNATURE).map(([name, value]) => [name, utf8(value)]);
  const text = `{${signed.map(([name, value]) => `${php(name)}:${php(value)}`).join(',')}}`;
  if (!anyOf(keys, text, mac) || signed.length === 0) {
    throw new Refused('proof_mismatch', 'The signature does not belong to these parameters and this secret.');
  }
  for (const [name, value] of signed) if (name === ISSUED_AT) judge(seconds(value, name), now);
  return signed;
}

export function verifyBody(secrets, headers, body) {
  const keys = texts(secrets);
  const mac = strict(one(headers, SIGNATURE), 20, 'The signature is not 20 bytes in base64.');
  if (!anyOf(keys, bytesOf(body), mac)) throw new Refused('proof_mismatch', 'The signature does not belong to this body and secret.');
}

function keyOf(secret, dialect) {
  text(secret, 'the secret');
  if (!secret) throw new InputError('the secret is empty');
  if (dialect !== 'pylon') return Buffer.from(secret);
  if (!/^([0-9a-f]{2})+$/i.test(secret)) throw new InputError("this dialect's secret is hexadecimal");
  return Buffer.from(secret, 'hex');
}

function identity(userId, email) {
  let user = userId ?? '';
  if (typeof user === 'bigint' || typeof user === 'number') {
    if (!Number.isSafeInteger(Number(user)) || Object.is(user, -0)) {
      throw new InputError('a numeric user id is an integer within 2^53-1; pass larger ones as text, here and in the page');
    }
    user = String(user);
  }
  text(user, 'the user id');
  const mail = email ?? '';
  text(mail, 'the email');
  if (!user && !mail) throw new InputError('neither a user id nor an email was given');
  if (Buffer.byteLength(user) > 255 || CONTROL.test(user)) throw new InputError('a user id is 1 to 255 bytes without control characters');
  const sides = mail.split('@');
  if (mail && (Buffer.byteLength(mail) > 254 || sides.length !== 2 || !sides[0] || !sides[1] || BLANK.test(mail))) {
    throw new InputError('an email is at most 254 bytes with exactly one @, something on both sides and no blank');
  }
  return { userId: user, email: mail };
}

function text(value, what) {
  if (typeof value !== 'string' || LONE_SURROGATE.test(value)) throw new InputError(`${what} is no text, or no valid Unicode`);
}

function texts(values) {
  if (!Array.isArray(values)) throw new InputError('a list of texts is expected');
  for (const value of values) {
    text(value, 'a secret or a name');
    if (!value) throw new InputError('a secret or a name is empty');
  }
  return values;
}

function channelOf(channel) {
  if (!channel) throw new InputError('a token names its channel');
  text(channel, 'the channel');
  return channel;
}

function timeOf(now) {
  const at = now ?? Math.floor(Date.now() / 1000);
  if (!Number.isSafeInteger(at) || at < 1) throw new InputError('a time is an integer, in seconds since 1970');
  return at;
}

function claim(name, value) {
  text(name, 'the name of a claim');
  if (['aud', 'iat', 'exp', 'user_id', 'email'].includes(name)) throw new InputError(`the claim ${name} has an option of its own`);
  if (typeof value === 'string') text(value, 'a claim');
  else if (value !== null && typeof value !== 'boolean' && !Number.isFinite(value)) throw new InputError('a claim is text, a number, a boolean or null');
  return [name, value];
}

function bytesOf(body) {
  if (typeof body === 'string') text(body, 'the body');
  else if (!(body instanceof Uint8Array)) throw new InputError('the body is a Buffer, or text, as it arrived');
  return body;
}

const encode = (value) => Buffer.from(value).toString('base64url');

function anyOf(keys, message, mac) {
  let matched = false;
  for (const key of keys) matched = timingSafeEqual(createHmac('sha1', key).update(message).digest(), mac) || matched;
  return matched;
}

/** Standard base64 with its padding, one spelling a value. */
function decode(encoded) {
  const data = Buffer.from(encoded, 'base64');
  return data.toString('base64') === encoded ? data : Buffer.alloc(0);
}

function webhookKey(secret) {
  const key = decode(secret.replace(/^whsec_/, ''));
  if (key.length === 0) throw new InputError('a webhook secret is whsec_ and base64');
  return key;
}

function strict(encoded, size, message) {
  const data = decode(encoded);
  if (data.length !== size) throw new Refused('proof_malformed', message);
  return data;
}

/** The only value of a header: Headers, a list of pairs, or an object as Node has it. */
function one(headers, name) {
  const pairs = typeof headers?.[Symbol.iterator] === 'function' ? headers : Object.entries(headers ?? {});
  const values = [];
  for (const [n, value] of pairs) if (n.toLowerCase() === name.toLowerCase()) values.push(value);
  const flat = values.flat().filter((value) => value !== undefined);
  if (flat.length > 1) throw new Refused('proof_malformed', `${name} occurs more than once.`);
  if (!flat[0]) throw new Refused('proof_missing', `${name} is missing.`);
  return flat[0];
}

function signatures(listed) {
  const items = listed.split(' ');
  if (items.length > 16) throw new Refused('proof_malformed', 'webhook-signature holds more than 16 signatures.');
  const macs = items.filter((i) => i.startsWith('v1,')).map((i) => strict(i.slice(3), 32, 'A v1 signature is not 32 bytes in base64.'));
  if (macs.length === 0) throw new Refused('proof_missing', 'webhook-signature holds no v1 signature.');
  return macs;
}

function readQuery(query) {
  const params = [];
  const seen = new Set();
  for (const pair of query.split('&')) {
    if (!pair) continue;
    const at = pair.indexOf('=');
    const name = unescape(at < 0 ? pair : pair.slice(0, at)).toString('latin1');
    const value = at < 0 ? Buffer.alloc(0) : unescape(pair.slice(at + 1));
    if (!plain(name)) throw new Refused('proof_malformed', "A parameter's name has an odd character.");
    if (seen.has(name)) throw new Refused('proof_malformed', 'A parameter occurs twice.');
    seen.add(name);
    params.push([name, value]);
  }
  return params;
}

function unescape(raw) {
  if (/%(?![0-9a-f]{2})/i.test(raw)) throw new Refused('proof_malformed', 'The query is not percent-encoded properly.');
  const bytes = Buffer.from(raw.replaceAll('+', ' ')).toString('latin1');
  return Buffer.from(bytes.replace(/%(..)/g, (_, digits) => String.fromCharCode(parseInt(digits, 16))), 'latin1');
}

function utf8(bytes) {
  try {
    return new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(bytes);
  } catch {
    throw new Refused('proof_malformed', 'A parameter is not UTF-8.');
  }
}

/** Letters, digits, _ and -, and not a number: PHP would read another name. */
const plain = (name) => /^[A-Za-z0-9_-]+$/.test(name) && /[A-Za-z_]/.test(name);

/** What PHP's json_encode prints: / escaped, and everything outside ASCII. */
const php = (value) => JSON.stringify(value).replaceAll('/', '\\/')
  .replace(/[\u0080-\uffff]/g, (unit) => `\\u${unit.charCodeAt(0).toString(16).padStart(4, '0')}`);

function seconds(value, name) {
  if (!/^[1-9][0-9]{0,15}$/.test(value)) throw new Refused('proof_malformed', `${name} is no time in seconds since 1970.`);
  return Number(value);
}

function judge(at, now = Date.now() / 1000) {
  if (now - at > TOLERANCE) throw new Refused('token_expired', 'The request was signed too long ago.');
  if (!(at - now <= TOLERANCE)) throw new Refused('token_early', 'The request was signed in the future: a clock is wrong.');
}
