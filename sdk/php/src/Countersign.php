<?php

declare(strict_types=1);

namespace Countersign;

/**
 * For a customer's backend: proves to Countersign who is logged in there, and
 * checks that a request came from Countersign. No dependencies; 64-bit PHP 8.1 or later.
 */
final class Countersign
{
    /** Seconds that a request's time may lie from ours. */
    public const TOLERANCE = 300;

    private const MAX_NUMBER = 9007199254740991;
    private const SIGNATURE = 'X-HelpScout-Signature';
    private const ISSUED_AT = 'issued-at';
    /** dialect => what its keys may sign: u, the user id; e, the email. */
    private const HASHES = ['native' => 'ue', 'intercom' => 'ue', 'helpscout' => 'e', 'pylon' => 'e', 'ensoras' => 'e',
        'chatwoot' => 'ue', 'crisp' => 'e', 'tawk' => 'ue', 'front' => 'e', 'plain' => 'e', 'gleap' => 'u', 'novu' => 'u', 'featurebase' => 'ue'];
    /** dialect => the claim that names the person, the scope, and whether a channel must be named. */
    private const TOKENS = ['native-jwt' => ['user_id', '', true], 'pylon-jwt' => ['user_id', '', true], 'intercom-jwt' => ['user_id', '', false],
        'zendesk-jwt' => ['external_id', 'user', false], 'freshchat-jwt' => ['reference_id', '', false]];
    private const OURS = ['conversation-id', 'conversation-number', 'customer-id', 'mailbox-id', 'user-id', 'installation-ids',
        'application-id', 'application-slug', self::ISSUED_AT, 'tier', 'x-helpscout-signature'];
    private const CONTROL = '/[\x{0}-\x{1f}\x{7f}-\x{9f}]/u';
    private const BLANK = '/[\x{0}-\x{20}\x{7f}-\x{a0}\x{1680}\x{2000}-\x{200a}\x{2028}\x{2029}\x{202f}\x{205f}\x{3000}]/u';

    private function __construct()
    {
    }

    /**
     * The identity hash, 64 hexadecimal digits, over the one field that the key signs.
     *
     * @param int|string|null $userId
     * @param string|null $email
     */
    public static function userHash(#[\SensitiveParameter] string $secret, mixed $userId = null, mixed $email = null, string $dialect = 'native'): string
    {
        $signs = self::HASHES[$dialect] ?? throw new InputError('no such dialect with a hash');
        $key = self::key($secret, $dialect);
        [$user, $mail] = self::identity($userId, $email);
        if ($user !== '' && $mail !== '') {
            throw new InputError('a hash covers one field: give the one that the key signs');
        }
        if (!str_contains($signs, $user !== '' ? 'u' : 'e')) {
            throw new InputError("a key of $dialect does not sign this field");
        }
        $message = $user . $mail;
        if ($dialect === 'ensoras') {
            // Languages disagree on lowering outside ASCII; the gate takes this, whatever the locale.
            $message = strtr($message, 'ABCDEFGHIJKLMNOPQRSTUVWXYZ', 'abcdefghijklmnopqrstuvwxyz');
        }
        return hash_hmac('sha256', $message, $key);
    }

    /**
     * A v1 token for a channel (its id or slug); it lives as long as the channel says.
     *
     * @param int|string|null $userId
     * @param string|null $email
     */
    public static function tokenV1(#[\SensitiveParameter] string $secret, string $channel, mixed $userId = null, mixed $email = null, ?int $now = null): string
    {
        $key = self::key($secret, 'native-v1');
        [$user, $mail] = self::identity($userId, $email);
        self::channel($channel);
        $issued = (string) self::time($now);
        $signed = '';
        foreach (['countersign.v1', $channel, $user, $mail, $issued] as $text) {
            $signed .= strlen($text) . ':' . $text . ',';
        }
        return implode('.', ['v1', self::encode($channel), $issued, self::encode($user), self::encode($mail), self::encode(hash_hmac('sha256', $signed, $key, true))]);
    }

    /**
     * A JSON Web Token, HS256. intercom-jwt may leave out the channel.
     *
     * @param int|string|null $userId
     * @param string|null $email
     * @param array<string, string|int|float|bool|null> $claims
     */
    public static function tokenJWT(
        #[\SensitiveParameter] string $secret,
        ?string $channel = null,
        mixed $userId = null,
        mixed $email = null,
        string $dialect = 'native-jwt',
        int $life = 600,
        array $claims = [],
        ?int $now = null,
    ): string {
        [$person, $scope, $named] = self::TOKENS[$dialect] ?? throw new InputError('no such dialect with a JWT');
        $key = self::key($secret, $dialect);
        [$user, $mail] = self::identity($userId, $email);
        if ($life < 1 || ($dialect === 'pylon-jwt' && $life > 900)) {
            throw new InputError('the life of a token is a number of seconds, for pylon-jwt 900 at most');
        }
        if (!$named && $user === '') {
            throw new InputError("a token of $dialect names the user id");
        }
        if ($dialect === 'pylon-jwt' && $mail === '') {
            throw new InputError('a token of pylon-jwt names the email');
        }
        $issued = self::time($now);
        $said = ['iat' => $issued, 'exp' => $issued + $life];
        if (($channel ?? '') !== '' || $named) {
            $said['aud'] = self::channel($channel ?? '');
        }
        $said += array_filter([$person => $user, 'email' => $mail, 'scope' => $scope], static fn (string $text): bool => $text !== '');
        foreach ($claims as $name => $value) {
            if (in_array((string) $name, ['aud', 'iat', 'exp', 'user_id', 'email', $person], true) || ($scope !== '' && $name === 'scope')) {
                throw new InputError("the claim $name has an argument of its own");
            }
            if ($value !== null && !is_scalar($value)) {
                throw new InputError('a claim is text, a number, a boolean or null');
            }
            $said[$name] = $value;
        }
        try {
            $payload = json_encode($said, JSON_THROW_ON_ERROR | JSON_UNESCAPED_SLASHES);
        } catch (\JsonException) {
            throw new InputError('a claim is no valid Unicode or no number');
        }
        $signed = self::encode('{"alg":"HS256","typ":"JWT"}') . '.' . self::encode($payload);
        return $signed . '.' . self::encode(hash_hmac('sha256', $signed, $key, true));
    }

    /**
     * Checks the Standard Webhooks headers over the raw body.
     *
     * @param list<string> $secrets as they are shown (whsec_…), several during a rotation
     * @param array<string, string|list<string>> $headers getallheaders(), or a PSR-7 request's getHeaders()
     * @throws Refused
     */
    public static function verifyWebhook(#[\SensitiveParameter] array $secrets, array $headers, string $body, ?int $now = null): void
    {
        $keys = array_map(self::webhookKey(...), self::texts($secrets));
        $id = self::one($headers, 'webhook-id');
        $stamp = self::one($headers, 'webhook-timestamp');
        $listed = self::one($headers, 'webhook-signature');
        $at = self::seconds($stamp, 'webhook-timestamp');
        if (preg_match('~\A[!-\-/-\x7e]{1,255}\z~', $id) !== 1) {
            throw new Refused('proof_malformed', 'webhook-id has a character that an id cannot have.');
        }
        $macs = self::signatures($listed);
        $matched = false;
        foreach ($keys as $key) {
            $want = hash_hmac('sha256', "$id.$stamp.$body", $key, true);
            foreach ($macs as $mac) {
                $matched = hash_equals($want, $mac) || $matched;
            }
        }
        if (!$matched) {
            throw new Refused('proof_mismatch', 'No signature belongs to this id, time, body and secret.');
        }
        self::judge($at, $now);
    }

    /**
     * Checks the raw query of a frame's address ($_SERVER['QUERY_STRING']) and answers with
     * the signed parameters in their order; believe no others, and not $_GET.
     *
     * @param list<string> $secrets
     * @param list<string> $own the parameters that your app's own address has, which are not signed
     * @return array<string, string>
     * @throws Refused
     */
    public static function verifyQuery(#[\SensitiveParameter] array $secrets, string $query, array $own = [], ?int $now = null): array
    {
        $keys = self::texts($secrets);
        foreach (self::texts($own) as $name) {
            if (in_array(strtolower($name), self::OURS, true) || !self::plain($name)) {
                throw new InputError("an own parameter has one of Countersign's names or an odd character");
            }
        }
        $signed = array_diff_key(self::read($query), array_flip($own));
        $sent = $signed[self::SIGNATURE] ?? '';
        unset($signed[self::SIGNATURE]);
        if ($sent === '') {
            throw new Refused('proof_missing', 'The address has no ' . self::SIGNATURE . '.');
        }
        $mac = self::strict($sent, 20, 'The signature is not 20 bytes in base64.');
        $text = json_encode($signed);
        if ($text === false) {
            throw new Refused('proof_malformed', 'A parameter is not UTF-8.');
        }
        if (!self::any($keys, $text, $mac) || $signed === []) {
            throw new Refused('proof_mismatch', 'The signature does not belong to these parameters and this secret.');
        }
        if (isset($signed[self::ISSUED_AT])) {
            self::judge(self::seconds($signed[self::ISSUED_AT], self::ISSUED_AT), $now);
        }
        return $signed;
    }

    /**
     * Checks the header X-HelpScout-Signature over the raw body. It has no time, so a
     * replay verifies: check verifyWebhook too where its headers are there.
     *
     * @param list<string> $secrets
     * @param array<string, string|list<string>> $headers
     * @throws Refused
     */
    public static function verifyBody(#[\SensitiveParameter] array $secrets, array $headers, string $body): void
    {
        $keys = self::texts($secrets);
        $mac = self::strict(self::one($headers, self::SIGNATURE), 20, 'The signature is not 20 bytes in base64.');
        if (!self::any($keys, $body, $mac)) {
            throw new Refused('proof_mismatch', 'The signature does not belong to this body and secret.');
        }
    }

    private static function key(#[\SensitiveParameter] string $secret, string $dialect): string
    {
        if ($secret === '') {
            throw new InputError('the secret is empty');
        }
        if ($dialect !== 'pylon') {
            return $secret;
        }
        if (preg_match('/\A([0-9a-fA-F]{2})+\z/', $secret) !== 1) {
            throw new InputError("this dialect's secret is hexadecimal");
        }
        return (string) hex2bin($secret);
    }

    /** @return array{string, string} */
    private static function identity(mixed $userId, mixed $email): array
    {
        if (is_int($userId)) {
            if ($userId > self::MAX_NUMBER || $userId < -self::MAX_NUMBER) {
                throw new InputError('a numeric user id lies within 2^53-1; pass larger ones as text, here and in the page');
            }
            $userId = (string) $userId;
        }
        $user = $userId ?? '';
        $mail = $email ?? '';
        if (!is_string($user) || !is_string($mail)) {
            throw new InputError('a user id is text or an integer, an email is text');
        }
        if ($user === '' && $mail === '') {
            throw new InputError('neither a user id nor an email was given');
        }
        // preg_match with u answers false for what is not UTF-8.
        if (strlen($user) > 255 || preg_match(self::CONTROL, $user) !== 0) {
            throw new InputError('a user id is 1 to 255 bytes of UTF-8 without control characters');
        }
        if ($mail !== '' && (strlen($mail) > 254 || preg_match('/\A[^@]+@[^@]+\z/', $mail) !== 1 || preg_match(self::BLANK, $mail) !== 0)) {
            throw new InputError('an email is at most 254 bytes of UTF-8 with exactly one @, something on both sides and no blank');
        }
        return [$user, $mail];
    }

    private static function channel(string $channel): string
    {
        if ($channel === '' || preg_match('//u', $channel) !== 1) {
            throw new InputError('a token names its channel');
        }
        return $channel;
    }

    private static function time(?int $now): int
    {
        $now ??= time();
        if ($now < 1) {
            throw new InputError('a time lies after 1970');
        }
        return $now;
    }

    /** @return list<string> */
    private static function texts(#[\SensitiveParameter] array $values): array
    {
        foreach ($values as $value) {
            if (!is_string($value) || $value === '') {
                throw new InputError('a secret or a name is empty or no text');
            }
        }
        return array_values($values);
    }

    private static function encode(string $data): string
    {
        return rtrim(strtr(base64_encode($data), '+/', '-_'), '=');
    }

    /** Standard base64 with its padding, one spelling a value. */
    private static function decode(string $text): string
    {
        $data = base64_decode($text, true);
        return $data !== false && base64_encode($data) === $text ? $data : '';
    }

    private static function webhookKey(#[\SensitiveParameter] string $secret): string
    {
        $key = self::decode(str_starts_with($secret, 'whsec_') ? substr($secret, 6) : $secret);
        return $key !== '' ? $key : throw new InputError('a webhook secret is whsec_ and base64');
    }

    private static function strict(string $text, int $size, string $message): string
    {
        $data = self::decode($text);
        return strlen($data) === $size ? $data : throw new Refused('proof_malformed', $message);
    }

    /** @param list<string> $keys */
    private static function any(array $keys, string $text, string $mac): bool
    {
        $matched = false;
        foreach ($keys as $key) {
            $matched = hash_equals(hash_hmac('sha1', $text, $key, true), $mac) || $matched;
        }
        return $matched;
    }

    private static function one(array $headers, string $name): string
    {
        $values = [];
        foreach ($headers as $header => $value) {
            if (strcasecmp((string) $header, $name) === 0) {
                array_push($values, ...array_values((array) $value));
            }
        }
        if (count($values) > 1) {
            throw new Refused('proof_malformed', "$name occurs more than once.");
        }
        return ($values[0] ?? '') !== '' ? $values[0] : throw new Refused('proof_missing', "$name is missing.");
    }

    /** @return list<string> */
    private static function signatures(string $listed): array
    {
        $items = explode(' ', $listed);
        if (count($items) > 16) {
            throw new Refused('proof_malformed', 'webhook-signature holds more than 16 signatures.');
        }
        $macs = [];
        foreach ($items as $item) {
            if (str_starts_with($item, 'v1,')) {
                $macs[] = self::strict(substr($item, 3), 32, 'A v1 signature is not 32 bytes in base64.');
            }
        }
        return $macs !== [] ? $macs : throw new Refused('proof_missing', 'webhook-signature holds no v1 signature.');
    }

    /** @return array<string, string> */
    private static function read(string $query): array
    {
        $params = [];
        foreach (explode('&', $query) as $pair) {
            if ($pair === '') {
                continue;
            }
            if (preg_match('/%(?![0-9a-fA-F]{2})/', $pair) === 1) {
                throw new Refused('proof_malformed', 'The query is not percent-encoded properly.');
            }
            [$name, $value] = array_map('urldecode', explode('=', $pair, 2) + [1 => '']);
            if (!self::plain($name)) {
                throw new Refused('proof_malformed', "A parameter's name has an odd character.");
            }
            if (isset($params[$name])) {
                throw new Refused('proof_malformed', 'A parameter occurs twice.');
            }
            $params[$name] = $value;
        }
        return $params;
    }

    /** Letters, digits, _ and -, and not a number, which would be a position in a list. */
    private static function plain(string $name): bool
    {
        return preg_match('/\A[A-Za-z0-9_-]+\z/', $name) === 1 && preg_match('/[A-Za-z_]/', $name) === 1;
    }

    private static function seconds(string $text, string $name): int
    {
        if (preg_match('/\A[1-9][0-9]{0,17}\z/', $text) !== 1) {
            throw new Refused('proof_malformed', "$name is no time in seconds since 1970.");
        }
        return (int) $text;
    }

    private static function judge(int $at, ?int $now): void
    {
        $now ??= time();
        if ($now - $at > self::TOLERANCE) {
            throw new Refused('token_expired', 'The request was signed too long ago.');
        }
        if ($at - $now > self::TOLERANCE) {
            throw new Refused('token_early', 'The request was signed in the future: a clock is wrong.');
        }
    }
}
