<?php

// Runs spec/vectors and sdk/testdata/cases.json; prints each proof for the gate to judge.
// An unknown field is fatal: a vector that a reader does not understand tests nothing.

use Countersign\Countersign;
use Countersign\InputError;
use Countersign\Refused;

foreach (['InputError', 'Refused', 'Countersign'] as $class) {
    require __DIR__ . "/src/$class.php";
}
set_error_handler(static fn ($level, $message) => throw new ErrorException($message));
$checked = 0;

function known(array $value, string $names): void
{
    $unknown = array_diff(array_keys($value), explode(' ', $names));
    $unknown === [] || throw new Exception('unknown fields ' . implode(' ', $unknown));
}

function read(string $path, array $fields): array
{
    // JSON refuses half a surrogate pair; U+E000 stands for it until torn makes it the bytes that PHP would have.
    $text = preg_replace_callback(
        '/\\\\ud[89ab]..\\\\ud[c-f]..|\\\\ud[89a-f]..|\\\\./',
        static fn ($m) => strlen($m[0]) === 6 && preg_match('/\A\\\\ud[89a-f]/', $m[0]) ? '\ue000' : $m[0],
        file_get_contents(__DIR__ . "/../../$path"),
    );
    $data = json_decode($text, true, 64, JSON_THROW_ON_ERROR);
    known($data, $fields['']);
    foreach ($fields as $part => $names) {
        foreach ($part === '' ? [] : $data[$part] ?? [] as $vector) {
            known($vector, $names);
        }
    }
    return $data;
}

function torn(mixed $value): mixed
{
    return is_string($value) ? str_replace("\u{e000}", "\xED\xA0\x80", $value) : $value;
}

function same(mixed $got, mixed $want, string $what): void
{
    $GLOBALS['checked']++;
    $got === $want || throw new Exception("$what: " . var_export($got, true) . ', wanted ' . var_export($want, true));
}

function refused(string $kind, callable $run, string $what): Throwable
{
    $GLOBALS['checked']++;
    try {
        $run();
    } catch (Throwable $e) {
        return $e instanceof $kind ? $e : throw $e;
    }
    throw new Exception("$what: not refused");
}

function unpacked(string $part): string
{
    return base64_decode(strtr($part, '-_', '+/'));
}

function proofs(string $name): iterable
{
    foreach (read("spec/vectors/$name.json", ['' => 'about vectors', 'vectors' => 'name note keys assertion now expect'])['vectors'] as $v) {
        known($v['assertion'], 'dialect platform user_id email name hash jwt attributes');
        known($v['expect'], 'verified method key email name attributes reason');
        foreach ($v['keys'] as $k) {
            known($k, 'id dialect secret secret_base64 signs platforms audiences max_life state ends sign_by');
        }
        yield [$v['name'], $v['keys'][0], $v['assertion'], $v['expect']];
    }
}

function hashes(string $file): void
{
    foreach (proofs($file) as [$name, $key, $a, $expect]) {
        if (!isset($key['secret']) || isset($a['jwt']) || preg_match('/-(jwt|v1)$/', $key['dialect'])) {
            continue;
        }
        if ($name === 'user id -0') {
            continue; // which PHP's JSON may read as 0
        }
        $reason = $expect['reason'] ?? null;
        $field = $reason === null ? explode(':', $expect['verified'])[0] : ($key['signs'] === 'either' ? 'user_id' : $key['signs']);
        $argument = [$field === 'email' ? 'email' : 'userId' => torn($a[$field] ?? null)];
        $sign = static fn () => Countersign::userHash($key['secret'], ...$argument, dialect: $key['dialect']);
        if (in_array($reason, ['identifier_malformed', 'identifier_missing'], true)) {
            refused(InputError::class, $sign, $name);
        } elseif ($reason === 'proof_mismatch') {
            $sign() !== strtolower($a['hash']) || throw new Exception($name);
        } elseif ($reason === null && !preg_match('/^ensoras (lowered by|dotted)/', $name)) { // other lowerings, which the gate takes too
            $sent = str_replace('-', '', $a['hash']);
            same($sign(), strlen($sent) === 64 ? strtolower($sent) : bin2hex(base64_decode($sent)), $name);
        }
    }
}

function v1(): void
{
    foreach (proofs('v1') as [$name, $key, $a, $expect]) {
        if (isset($expect['verified'])) {
            [, $channel, $issued, $user, $mail] = explode('.', $a['jwt']);
            same(Countersign::tokenV1($key['secret'], unpacked($channel), unpacked($user), unpacked($mail), (int) $issued), $a['jwt'], $name);
        }
    }
}

function jwt(): void
{
    foreach (proofs('jwt') as [$name, $key, $a, $expect]) {
        if (!isset($expect['verified'], $key['secret'])) {
            continue;
        }
        $claims = json_decode(unpacked(explode('.', $a['jwt'])[1]), true, 64, JSON_THROW_ON_ERROR);
        if (!is_string($claims['aud'] ?? '') || !is_int($claims['exp'] ?? null) || array_filter($claims, 'is_array') !== []) {
            continue; // the library makes no such token
        }
        $rest = array_diff_key($claims, array_flip(['aud', 'iat', 'exp', 'user_id', 'email']));
        $made = Countersign::tokenJWT(
            $key['secret'],
            $claims['aud'] ?? null,
            $claims['user_id'] ?? null,
            $claims['email'] ?? null,
            $key['dialect'],
            $claims['exp'] - $claims['iat'],
            $rest,
            $claims['iat'],
        );
        if (isset($claims['user_id'])) {
            $claims['user_id'] = (string) $claims['user_id'];
        }
        [$header, $payload, $mac] = explode('.', $made);
        $got = json_decode(unpacked($payload), true);
        ksort($got);
        ksort($claims);
        same($got, $claims, $name);
        same(unpacked($mac), hash_hmac('sha256', "$header.$payload", $key['secret'], true), $name);
    }
}

function scalars(): void
{
    foreach (read('spec/vectors/scalar.json', ['' => 'about vectors', 'vectors' => 'json text ok note'])['vectors'] as $v) {
        $sign = static fn () => Countersign::userHash('s', torn($v['json']));
        if ($v['ok'] && $v['text'] !== '') {
            same($sign(), Countersign::userHash('s', $v['text']), $v['text']);
        } elseif ($v['json'] !== 0) { // -0, as above
            refused(InputError::class, $sign, json_encode($v, JSON_PARTIAL_OUTPUT_ON_ERROR));
        }
    }
    foreach (read('spec/vectors/fold.json', ['' => 'about vectors', 'vectors' => 'in out valid_email note'])['vectors'] as $v) {
        $sign = static fn () => Countersign::userHash('s', email: $v['in']);
        if ($v['valid_email']) {
            same(strlen($sign()), 64, $v['in']);
        } else {
            refused(InputError::class, $sign, $v['in']);
        }
    }
}

function requests(): void
{
    $data = read('spec/vectors/requests.json', [
        '' => 'about query query_refused body webhook hmac_sha1', 'query' => 'name secret url own json signature signed_url',
        'query_refused' => 'name secret url own now reason', 'body' => 'name secret body signature',
        'webhook' => 'name secrets headers body now reason', 'hmac_sha1' => 'name key data mac',
    ]);
    foreach ($data['query'] as $v) {
        $got = Countersign::verifyQuery(['another', $v['secret']], explode('?', $v['signed_url'], 2)[1], $v['own'] ?? [], strtotime('2026-03-01T12:00:00Z'));
        same($got, json_decode($v['json'], true), $v['name']);
    }
    foreach ($data['query_refused'] as $v) {
        $verify = static fn () => Countersign::verifyQuery([$v['secret']], explode('?', $v['url'], 2)[1], $v['own'] ?? [], strtotime($v['now']));
        same(refused(Refused::class, $verify, $v['name'])->reason, $v['reason'], $v['name']);
    }
    foreach ($data['body'] as $v) {
        $headers = ['X-Helpscout-Signature' => [$v['signature']]];
        Countersign::verifyBody(['another', $v['secret']], $headers, $v['body']);
        $verify = static fn () => Countersign::verifyBody([$v['secret']], $headers, $v['body'] . ' ');
        same(refused(Refused::class, $verify, $v['name'])->reason, 'proof_mismatch', $v['name']);
    }
    foreach ($data['webhook'] as $v) {
        $headers = [];
        foreach ($v['headers'] as [$name, $value]) {
            $headers[$name][] = $value;
        }
        $verify = static fn () => Countersign::verifyWebhook($v['secrets'], $headers, $v['body'], strtotime($v['now']));
        if (isset($v['reason'])) {
            same(refused(Refused::class, $verify, $v['name'])->reason, $v['reason'], $v['name']);
        } else {
            same($verify(), null, $v['name']);
        }
    }
    refused(InputError::class, static fn () => Countersign::verifyBody([''], [], ''), 'an empty secret');
    refused(InputError::class, static fn () => Countersign::verifyWebhook(['whsec_'], [], ''), 'an empty webhook secret');
    refused(InputError::class, static fn () => Countersign::verifyQuery(['s'], '', ['Tier']), 'a name of ours');
}

function cases(): void
{
    $fields = 'name make dialect secret channel user_id email now life claims error';
    $names = ['dialect' => 'dialect', 'channel' => 'channel', 'user_id' => 'userId', 'email' => 'email', 'now' => 'now', 'life' => 'life', 'claims' => 'claims'];
    $makers = ['hash' => 'userHash', 'v1' => 'tokenV1', 'jwt' => 'tokenJWT'];
    foreach (read('sdk/testdata/cases.json', ['' => 'about cases', 'cases' => $fields])['cases'] as $i => $c) {
        $arguments = ['secret' => $c['secret']];
        foreach (array_intersect_key($names, $c) as $field => $name) {
            $arguments[$name] = $c[$field];
        }
        $sign = static fn () => Countersign::{$makers[$c['make']]}(...$arguments);
        if ($c['error'] ?? false) {
            refused(InputError::class, $sign, $c['name']);
        } else {
            echo "proof $i ", $sign(), "\n";
        }
    }
}

hashes('published');
hashes('hash');
v1();
jwt();
scalars();
requests();
cases();
echo "checked $checked\n";
