package snippet

const rubyImports = `
require "openssl"
{{- if not .Hash}}
require "base64"
{{- end}}
{{- if .JWT}}
require "json"
{{- end}}
`

const rubyFunction = `
# Run this on your server, for the customer who is logged in there.
# The page carries the result as {{.Goes}}.
def chat_{{.Result}}({{if .UserID}}user_id{{if .Email}}, email{{end}}{{else}}email{{end}})
{{- if eq .Framework "rails"}}
  # Of bin/rails credentials:edit, or of the environment.
  secret = Rails.application.credentials.chat_secret || ENV.fetch("{{.Variable}}")
{{- else}}
  secret = ENV.fetch("{{.Variable}}")
{{- end}}
  raise "{{.Variable}} is empty" if secret.empty?
{{- if .Hash}}
{{- if .Hex}}

  # This secret is hexadecimal: the key is the bytes that it stands for.
  raise "{{.Variable}} is not hexadecimal" unless secret.match?(/\A(\h\h)+\z/)
  key = [secret].pack("H*")
  OpenSSL::HMAC.hexdigest("SHA256", key, {{.Field}}.to_s)
{{- else}}
{{- if .Lower}}
  # ASCII letters alone: beyond them languages lower in ways of their own, and one
  # address must not become another.
  OpenSSL::HMAC.hexdigest("SHA256", secret, {{.Field}}.to_s.downcase(:ascii))
{{- else}}
  OpenSSL::HMAC.hexdigest("SHA256", secret, {{.Field}}.to_s)
{{- end}}
{{- end}}
{{- end}}
{{- if .JWT}}

  now = Time.now.to_i
  claims = {
{{- if .Audience}}
    aud: "{{.Channel}}",
{{- end}}
    iat: now,
    exp: now + {{.Seconds}},
{{- if .UserID}}
    {{.Claim}}: user_id.to_s,
{{- end}}
{{- if .Scope}}
    scope: "{{.Scope}}",
{{- end}}
{{- if .Email}}
    email: email,
{{- end}}
  }
  encode = ->(text) { Base64.urlsafe_encode64(text, padding: false) }
  signed = encode.(JSON.generate({ alg: "HS256", typ: "JWT" })) + "." + encode.(JSON.generate(claims))
  signed + "." + encode.(OpenSSL::HMAC.digest("SHA256", secret, signed))
{{- end}}
{{- if .V1}}

  issued = Time.now.to_i.to_s
  user_id, email = {{if .UserID}}user_id.to_s{{else}}""{{end}}, {{if .Email}}email.to_s{{else}}""{{end}}
  signed = ["countersign.v1", "{{.Channel}}", user_id, email, issued].map { |part| "#{part.bytesize}:#{part}," }.join
  encode = ->(text) { Base64.urlsafe_encode64(text, padding: false) }
  ["v1", encode.("{{.Channel}}"), issued, encode.(user_id), encode.(email), encode.(OpenSSL::HMAC.digest("SHA256", secret, signed))].join(".")
{{- end}}
end
`

const phpImports = `
<?php
`

const phpFunction = `
// Run this on your server, for the customer who is logged in there.
// The page carries the result as {{.Goes}}.
{{if eq .Framework "laravel"}}public static function {{.Result}}{{else}}function chat_{{.Result}}{{end}}({{if .UserID}}$user_id{{if .Email}}, $email{{end}}{{else}}$email{{end}})
{
{{- if eq .Framework "laravel"}}
    $secret = config('services.chat.secret');
    if (!is_string($secret) || $secret === '') {
{{- else}}
    $secret = getenv('{{.Variable}}');
    if ($secret === false || $secret === '') {
{{- end}}
        throw new RuntimeException('{{.Variable}} is not set');
    }
{{- if .UserID}}
    if ($user_id === null || is_array($user_id)) { // "Array" would be one customer, who is everybody.
        throw new RuntimeException('this customer has no user id');
    }
{{- end}}
{{- if .Hash}}
{{- if .Hex}}
    // This secret is hexadecimal: the key is the bytes that it stands for.
    if (!preg_match('/\A([0-9a-f]{2})+\z/i', $secret)) {
        throw new RuntimeException('{{.Variable}} is not hexadecimal');
    }
    $key = hex2bin($secret);
    return hash_hmac('sha256', (string) ${{.Field}}, $key);
{{- else}}
{{- if .Lower}}
    // ASCII letters alone: beyond them languages lower in ways of their own, and one
    // address must not become another.
    $lowered = strtr((string) ${{.Field}}, 'ABCDEFGHIJKLMNOPQRSTUVWXYZ', 'abcdefghijklmnopqrstuvwxyz');
    return hash_hmac('sha256', $lowered, $secret);
{{- else}}
    return hash_hmac('sha256', (string) ${{.Field}}, $secret);
{{- end}}
{{- end}}
{{- end}}
{{- if not .Hash}}
    $encode = function ($text) {
        return rtrim(strtr(base64_encode($text), '+/', '-_'), '=');
    };
{{- end}}
{{- if .JWT}}
    $now = time();
    $claims = [
{{- if .Audience}}
        'aud' => '{{.Channel}}',
{{- end}}
        'iat' => $now,
        'exp' => $now + {{.Seconds}},
{{- if .UserID}}
        '{{.Claim}}' => (string) $user_id,
{{- end}}
{{- if .Scope}}
        'scope' => '{{.Scope}}',
{{- end}}
{{- if .Email}}
        'email' => $email,
{{- end}}
    ];
    $signed = $encode('{"alg":"HS256","typ":"JWT"}') . '.' . $encode(json_encode($claims, JSON_THROW_ON_ERROR));
    return $signed . '.' . $encode(hash_hmac('sha256', $signed, $secret, true));
{{- end}}
{{- if .V1}}
    $issued = (string) time();
    $user_id = {{if .UserID}}(string) $user_id{{else}}''{{end}};
    $email = {{if .Email}}(string) $email{{else}}''{{end}};
    $signed = '';
    foreach (['countersign.v1', '{{.Channel}}', $user_id, $email, $issued] as $part) {
        $signed .= strlen($part) . ':' . $part . ',';
    }
    $mac = hash_hmac('sha256', $signed, $secret, true);
    return implode('.', ['v1', $encode('{{.Channel}}'), $issued, $encode($user_id), $encode($email), $encode($mac)]);
{{- end}}
}
`

// The Python snippets also run under Python 2.
const pythonImports = `
{{- if not .Hash}}
import base64
{{- end}}
{{- if .Hex}}
import binascii
{{- end}}
import hashlib
import hmac
{{- if .JWT}}
import json
{{- end}}
{{- if not .Framework}}
import os
{{- end}}
{{- if not .Hash}}
import time
{{- end}}
`

const pythonFunction = `
# Run this on your server, for the customer who is logged in there.
# The page carries the result as {{.Goes}}.
def chat_{{.Result}}({{if .UserID}}user_id{{if .Email}}, email{{end}}{{else}}email{{end}}):
{{- if eq .Framework "django"}}
    secret = settings.{{.Variable}}
{{- else if eq .Framework "flask"}}
    secret = current_app.config["{{.Variable}}"]
{{- else}}
    secret = os.environ["{{.Variable}}"]
{{- end}}
    if not secret:
        raise RuntimeError("{{.Variable}} is empty")
{{- if .UserID}}
    if user_id is None:  # "None" would be one customer, who is everybody.
        raise ValueError("this customer has no user id")
{{- end}}
{{- if .Hex}}
    # This secret is hexadecimal: the key is the bytes that it stands for.
    key = binascii.unhexlify(secret)
{{- else}}
    key = secret.encode("utf-8")
{{- end}}
{{- if .Hash}}
{{- if .Lower}}
    # ASCII letters alone, as bytes lower: beyond them languages lower in ways of their
    # own, and one address must not become another.
    return hmac.new(key, email.encode("utf-8").lower(), hashlib.sha256).hexdigest()
{{- else}}
    text = {{if eq .Field "user_id"}}str(user_id){{else}}email{{end}}
    return hmac.new(key, text.encode("utf-8"), hashlib.sha256).hexdigest()
{{- end}}
{{- end}}
{{- if not .Hash}}

    def encode(data):
        return base64.urlsafe_b64encode(data).rstrip(b"=").decode("ascii")
{{end}}
{{- if .JWT}}
    now = int(time.time())
    claims = {
{{- if .Audience}}
        "aud": "{{.Channel}}",
{{- end}}
        "iat": now,
        "exp": now + {{.Seconds}},
{{- if .UserID}}
        "{{.Claim}}": str(user_id),
{{- end}}
{{- if .Scope}}
        "scope": "{{.Scope}}",
{{- end}}
{{- if .Email}}
        "email": email,
{{- end}}
    }
    header = {"alg": "HS256", "typ": "JWT"}
    signed = encode(json.dumps(header).encode("utf-8")) + "." + encode(json.dumps(claims).encode("utf-8"))
    return signed + "." + encode(hmac.new(key, signed.encode("ascii"), hashlib.sha256).digest())
{{- end}}
{{- if .V1}}
    channel = b"{{.Channel}}"
    issued = str(int(time.time())).encode("ascii")
    user = {{if .UserID}}str(user_id).encode("utf-8"){{else}}b""{{end}}
    mail = {{if .Email}}(email or "").encode("utf-8"){{else}}b""{{end}}
    signed = b""
    for part in (b"countersign.v1", channel, user, mail, issued):
        signed += str(len(part)).encode("ascii") + b":" + part + b","
    mac = hmac.new(key, signed, hashlib.sha256).digest()
    return ".".join(["v1", encode(channel), issued.decode("ascii"), encode(user), encode(mail), encode(mac)])
{{- end}}
`

const nodeImports = `
{{if eq .Framework "nextjs"}}import { createHmac } from 'node:crypto';{{else}}const { createHmac } = require('node:crypto');{{end}}
`

const nodeFunction = `
// Run this on your server, for the customer who is logged in there.
// The page carries the result as {{.Goes}}.
{{if eq .Framework "nextjs"}}export {{end}}function {{if .Hash}}chatHash{{else}}chatToken{{end}}({{if .UserID}}userId{{if .Typed}}: string | number{{end}}{{if .Email}}, email{{if .Typed}}: string{{end}}{{end}}{{else}}email{{if .Typed}}: string{{end}}{{end}}){{if .Typed}}: string{{end}} {
  const secret = process.env.{{.Variable}};
  if (!secret) throw new Error('{{.Variable}} is not set');
{{- if .UserID}}
  // "undefined" would be one customer, who is everybody.
  if (userId == null || Number.isNaN(userId) || /^(\[object .*)?$/.test(String(userId))) throw new Error('this customer has no user id');
{{- end}}
{{- if .Hash}}
{{- if .Hex}}
  // This secret is hexadecimal: the key is the bytes that it stands for.
  if (!/^([0-9a-f]{2})+$/i.test(secret)) throw new Error('{{.Variable}} is not hexadecimal');
  const key = Buffer.from(secret, 'hex');
{{- end}}
{{- if .Lower}}
  // ASCII letters alone: beyond them languages lower in ways of their own, and one
  // address must not become another.
  const lowered = String(email).replace(/[A-Z]/g, (letter) => letter.toLowerCase());
  return createHmac('sha256', secret).update(lowered).digest('hex');
{{- else}}
  return createHmac('sha256', {{if .Hex}}key{{else}}secret{{end}}).update(String({{if eq .Field "user_id"}}userId{{else}}email{{end}})).digest('hex');
{{- end}}
{{- end}}
{{- if not .Hash}}
  const encode = (data{{if .Typed}}: string{{end}}) => Buffer.from(data).toString('base64url');
{{- end}}
{{- if .JWT}}
  const now = Math.floor(Date.now() / 1000);
  const claims = {
{{- if .Audience}}
    aud: '{{.Channel}}',
{{- end}}
    iat: now,
    exp: now + {{.Seconds}},
{{- if .UserID}}
    {{.Claim}}: String(userId),
{{- end}}
{{- if .Scope}}
    scope: '{{.Scope}}',
{{- end}}
{{- if .Email}}
    email,
{{- end}}
  };
  const signed = encode(JSON.stringify({ alg: 'HS256', typ: 'JWT' })) + '.' + encode(JSON.stringify(claims));
  return signed + '.' + createHmac('sha256', secret).update(signed).digest('base64url');
{{- end}}
{{- if .V1}}
  const issued = String(Math.floor(Date.now() / 1000));
  const parts = ['countersign.v1', '{{.Channel}}', {{if .UserID}}String(userId){{else}}''{{end}}, {{if .Email}}email ?? ''{{else}}''{{end}}, issued];
  const signed = parts.map((part) => Buffer.byteLength(part) + ':' + part + ',').join('');
  const mac = createHmac('sha256', secret).update(signed).digest('base64url');
  return ['v1', encode(parts[1]), issued, encode(parts[2]), encode(parts[3]), mac].join('.');
{{- end}}
}
`

const nodeExports = `
module.exports = { {{if .Hash}}chatHash{{else}}chatToken{{end}} };
`
