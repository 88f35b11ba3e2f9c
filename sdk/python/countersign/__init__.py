"""For a customer's backend: proves to Countersign who is logged in there, and
checks that a request came from Countersign. No dependencies; Python 3.9 or later.

Input that the gate would refuse raises InputError, a forged or late request
raises Refused. Neither text holds a secret or a signature.
"""

import base64
import binascii
import hashlib
import hmac
import json
import math
import re
import time
from typing import Any, Iterable, List, Mapping, Optional, Sequence, Tuple, Union

__all__ = ["InputError", "Refused", "user_hash", "token_v1", "token_jwt", "verify_webhook", "verify_query", "verify_body"]
__version__ = "0.1.0"

UserId = Union[str, int, None]
Headers = Union[Mapping[str, Union[str, Sequence[str]]], Iterable[Tuple[str, str]]]

TOLERANCE = 300  # seconds that a request's time may lie from ours
_MAX_NUMBER = 2**53 - 1
_SIGNATURE = "X-HelpScout-Signature"
_ISSUED_AT = "issued-at"
# dialect -> what its keys may sign: u, the user id; e, the email.
_HASHES = {"native": "ue", "intercom": "ue", "helpscout": "e", "pylon": "e", "ensoras": "e",
           "chatwoot": "ue", "crisp": "e", "tawk": "ue", "front": "e", "plain": "e", "gleap": "u", "novu": "u", "featurebase": "ue"}
# dialect -> the claim that names the person, the scope, and whether a channel must be named.
_TOKENS = {"native-jwt": ("user_id", "", True), "pylon-jwt": ("user_id", "", True), "intercom-jwt": ("user_id", "", False),
           "zendesk-jwt": ("external_id", "user", False), "freshchat-jwt": ("reference_id", "", False)}
_OURS = {"conversation-id", "conversation-number", "customer-id", "mailbox-id", "user-id", "installation-ids",
         "application-id", "application-slug", _ISSUED_AT, "tier", _SIGNATURE.lower()}
_CONTROL = re.compile("[\u0000-\u001f\u007f-\u009f]")
_BLANK = re.compile("[\u0000-\u0020\u007f-\u00a0\u1680\u2000-\u200a\u2028\u2029\u202f\u205f\u3000]")


class InputError(ValueError):
    """What was passed cannot be signed."""


class Refused(Exception):
    """A request is not from Countersign, or not from now."""

    def __init__(self, reason: str, message: str) -> None:
        super().__init__(f"refused {reason}: {message}")
        #: proof_missing, proof_malformed, proof_mismatch, token_expired or token_early
        self.reason = reason


def user_hash(secret: str, *, user_id: UserId = None, email: Optional[str] = None, dialect: str = "native") -> str:
    """The identity hash, 64 hexadecimal digits, over the one field that the key signs."""
    if dialect not in _HASHES:
        raise InputError("no such dialect with a hash")
    key = _key(secret, dialect)
    user, mail = _identity(user_id, email)
    if user and mail:
        raise InputError("a hash covers one field: give the one that the key signs")
    if ("u" if user else "e") not in _HASHES[dialect]:
        raise InputError(f"a key of {dialect} signs the {'email' if user else 'user id'} alone")
    message = user or mail
    if dialect == "ensoras":
        # Languages disagree on lowering outside ASCII; the gate takes this.
        message = message.lower()
    return hmac.new(key, message, hashlib.sha256).hexdigest()


def token_v1(secret: str, *, channel: str, user_id: UserId = None, email: Optional[str] = None, now: Optional[int] = None) -> str:
    """A v1 token for a channel (its id or slug); it lives as long as the channel says."""
    key = _key(secret, "native-v1")
    user, mail = _identity(user_id, email)
    place, issued = _channel(channel), str(_time(now)).encode()
    signed = b"".join(b"%d:%s," % (len(t), t) for t in (b"countersign.v1", place, user, mail, issued))
    return ".".join(["v1", _encode(place), issued.decode(), _encode(user), _encode(mail), _encode(_sha256(key, signed))])


def token_jwt(secret: str, *, channel: Optional[str] = None, user_id: UserId = None, email: Optional[str] = None,
              dialect: str = "native-jwt", life: int = 600, claims: Optional[Mapping[str, Any]] = None, now: Optional[int] = None) -> str:
    """A JSON Web Token, HS256. intercom-jwt may leave out the channel."""
    if dialect not in _TOKENS:
        raise InputError("no such dialect with a JWT")
    person, scope, named = _TOKENS[dialect]
    key = _key(secret, dialect)
    user, mail = _identity(user_id, email)
    issued = _time(now)
    if isinstance(life, bool) or not isinstance(life, int) or life < 1 or (dialect == "pylon-jwt" and life > 900):
        raise InputError("the life of a token is a number of seconds, for pylon-jwt 900 at most")
    if not named and not user:
        raise InputError("a token of " + dialect + " names the user id")
    if dialect == "pylon-jwt" and not mail:
        raise InputError("a token of pylon-jwt names the email")
    said: dict = {"iat": issued, "exp": issued + life}
    if channel or named:
        said["aud"] = _channel(channel).decode()
    if user:
        said[person] = user.decode()
    if mail:
        said["email"] = mail.decode()
    if scope:
        said["scope"] = scope
    for name, value in (claims or {}).items():
        if name == person or scope and name == "scope":
            raise InputError("the claim " + name + " has an argument of its own")
        said[_claim(name, value)] = value
    signed = _encode(b'{"alg":"HS256","typ":"JWT"}') + "." + _encode(json.dumps(said, separators=(",", ":")).encode())
    return signed + "." + _encode(_sha256(key, signed.encode()))


def verify_webhook(secrets: Sequence[str], headers: Headers, body: bytes, *, now: Optional[float] = None) -> None:
    """Checks the Standard Webhooks headers over the raw body. secrets: as they are
    shown (whsec_...), several during a rotation."""
    keys = [_webhook_key(s) for s in _texts(secrets)]
    said, stamp, listed = (_one(headers, n) for n in ("webhook-id", "webhook-timestamp", "webhook-signature"))
    at = _seconds(stamp, "webhook-timestamp")
    if not re.fullmatch(r"[!-\-/-~]{1,255}", said):
        raise Refused("proof_malformed", "webhook-id has a character that an id cannot have.")
    macs = _signatures(listed)
    signed = f"{said}.{stamp}.".encode() + _bytes(body)
    matched = False
    for key in keys:
        want = _sha256(key, signed)
        for mac in macs:
            matched = hmac.compare_digest(want, mac) or matched
    if not matched:
        raise Refused("proof_mismatch", "No signature belongs to this id, time, body and secret.")
    _judge(at, now)


def verify_query(secrets: Sequence[str], query: str, *, own: Sequence[str] = (), now: Optional[float] = None) -> List[Tuple[str, str]]:
    """Checks the raw query of a frame's address (the text after ?) and returns the
    signed parameters in their order; believe no others. own: the parameters that
    your app's own address has, which are not signed."""
    keys = [s.encode() for s in _texts(secrets)]
    own = _texts(own)
    for name in own:
        if name.lower() in _OURS or not _plain(name):
            raise InputError("an own parameter has one of Countersign's names or an odd character")
    params = [(n, v) for n, v in _read(query) if n not in own]
    sent = b"".join(v for n, v in params if n == _SIGNATURE)
    if not sent:
        raise Refused("proof_missing", f"The address has no {_SIGNATURE}.")
    mac = _strict(sent, 20, "The signature is not 20 bytes in base64.")
    try:
        signed = [(n, v.decode()) for n, v in params if n != _SIGNATURE]
    except UnicodeDecodeError:
        raise Refused("proof_malformed", "A parameter is not UTF-8.") from None
    # PHP's json_encode escapes the slash, and DEL it does not.
    text = json.dumps(dict(signed), separators=(",", ":")).replace("/", "\\/")
    text = re.sub(r"\\(u007f|.)", lambda m: "\x7f" if m[1] == "u007f" else m[0], text).encode()
    if not _any(keys, text, mac) or not signed:
        raise Refused("proof_mismatch", "The signature does not belong to these parameters and this secret.")
    for name, value in signed:
        if name == _ISSUED_AT:
            _judge(_seconds(value, name), now)
    return signed


def verify_body(secrets: Sequence[str], headers: Headers, body: bytes) -> None:
    """Checks the header X-HelpScout-Signature over the raw body. It has no time, so
    a replay verifies: check verify_webhook too where its headers are there."""
    keys = [s.encode() for s in _texts(secrets)]
    mac = _strict(_one(headers, _SIGNATURE).encode(), 20, "The signature is not 20 bytes in base64.")
    if not _any(keys, _bytes(body), mac):
        raise Refused("proof_mismatch", "The signature does not belong to this body and secret.")


def _key(secret: str, dialect: str) -> bytes:
    (text,) = _texts([secret])
    if dialect != "pylon":
        return _utf8(text, "the secret")
    if not re.fullmatch(r"([0-9A-Fa-f]{2})+", text):
        raise InputError("this dialect's secret is hexadecimal")
    return bytes.fromhex(text)


def _identity(user_id: UserId, email: Optional[str]) -> Tuple[bytes, bytes]:
    if isinstance(user_id, int) and not isinstance(user_id, bool):
        if abs(user_id) > _MAX_NUMBER:
            raise InputError("a numeric user id lies within 2^53-1; pass larger ones as text, here and in the page")
        user_id = str(user_id)
    for value in (user_id, email):
        if value is not None and not isinstance(value, str):
            raise InputError("a user id is text or an integer, an email is text")
    user, mail = _utf8(user_id or "", "the user id"), _utf8(email or "", "the email")
    if not user and not mail:
        raise InputError("neither a user id nor an email was given")
    if len(user) > 255 or _CONTROL.search(user_id or ""):
        raise InputError("a user id is 1 to 255 bytes without control characters")
    before, _, after = (email or "").partition("@")
    if mail and (len(mail) > 254 or not before or not after or "@" in after or _BLANK.search(email or "")):
        raise InputError("an email is at most 254 bytes with exactly one @, something on both sides and no blank")
    return user, mail


def _channel(channel: Optional[str]) -> bytes:
    if not isinstance(channel, str) or not channel:
        raise InputError("a token names its channel")
    return _utf8(channel, "the channel")


def _time(now: Optional[int]) -> int:
    if now is None:
        return int(time.time())
    if isinstance(now, bool) or not isinstance(now, int) or now < 1:
        raise InputError("a time is an integer, in seconds since 1970")
    return now


def _claim(name: str, value: Any) -> str:
    if not isinstance(name, str) or name in ("aud", "iat", "exp", "user_id", "email"):
        raise InputError("a claim has an argument of its own, or its name is no text")
    if not (value is None or isinstance(value, (str, bool, int)) or isinstance(value, float) and math.isfinite(value)):
        raise InputError("a claim is text, a number, a boolean or None")
    _utf8(name, "a claim"), _utf8(value if isinstance(value, str) else "", "a claim")
    return name


def _texts(values: Sequence[str]) -> List[str]:
    if isinstance(values, (str, bytes)):
        raise InputError("a list of texts is expected")
    values = list(values)
    if not all(isinstance(v, str) and v for v in values):
        raise InputError("a secret or a name is empty or no text")
    return values


def _utf8(text: str, what: str) -> bytes:
    try:
        return text.encode()
    except UnicodeEncodeError:
        raise InputError(f"{what} is no valid Unicode") from None


def _bytes(body: bytes) -> bytes:
    if not isinstance(body, (bytes, bytearray, memoryview)):
        raise InputError("the body is bytes, as they arrived")
    return bytes(body)


def _encode(data: bytes) -> str:
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode()


def _sha256(key: bytes, text: bytes) -> bytes:
    return hmac.new(key, text, hashlib.sha256).digest()


def _any(keys: List[bytes], text: bytes, mac: bytes) -> bool:
    matched = False
    for key in keys:
        matched = hmac.compare_digest(hmac.new(key, text, hashlib.sha1).digest(), mac) or matched
    return matched


def _webhook_key(secret: str) -> bytes:
    try:
        return _decode(_utf8(secret[6:] if secret.startswith("whsec_") else secret, "the secret"))
    except ValueError:
        raise InputError("a webhook secret is whsec_ and base64") from None


def _decode(text: bytes) -> bytes:
    """Standard base64 with its padding, one spelling a value."""
    data = base64.b64decode(text, validate=True)
    if not data or base64.b64encode(data) != text:
        raise ValueError
    return data


def _strict(text: bytes, size: int, message: str) -> bytes:
    try:
        data = _decode(text)
    except (ValueError, binascii.Error):
        data = b""
    if len(data) != size:
        raise Refused("proof_malformed", message)
    return data


def _one(headers: Headers, name: str) -> str:
    pairs = headers.items() if hasattr(headers, "items") else headers
    values: List[str] = []
    for n, v in pairs:
        if n.lower() == name.lower():
            values += [v] if isinstance(v, str) else list(v)
    if len(values) > 1:
        raise Refused("proof_malformed", f"{name} occurs more than once.")
    if not values or not values[0]:
        raise Refused("proof_missing", f"{name} is missing.")
    return values[0]


def _signatures(listed: str) -> List[bytes]:
    items = listed.split(" ")
    if len(items) > 16:
        raise Refused("proof_malformed", "webhook-signature holds more than 16 signatures.")
    macs = [_strict(i[3:].encode("utf-8", "replace"), 32, "A v1 signature is not 32 bytes in base64.") for i in items if i.startswith("v1,")]
    if not macs:
        raise Refused("proof_missing", "webhook-signature holds no v1 signature.")
    return macs


def _read(query: str) -> List[Tuple[str, bytes]]:
    params: List[Tuple[str, bytes]] = []
    seen = set()
    for pair in query.split("&"):
        if not pair:
            continue
        raw_name, _, raw_value = pair.partition("=")
        name, value = _unescape(raw_name).decode("utf-8", "replace"), _unescape(raw_value)
        if not _plain(name):
            raise Refused("proof_malformed", "A parameter's name has an odd character.")
        if name in seen:
            raise Refused("proof_malformed", "A parameter occurs twice.")
        seen.add(name)
        params.append((name, value))
    return params


def _unescape(text: str) -> bytes:
    if re.search(r"%(?![0-9A-Fa-f]{2})", text):
        raise Refused("proof_malformed", "The query is not percent-encoded properly.")
    raw = text.replace("+", " ").encode("utf-8", "surrogateescape")
    return re.sub(rb"%(..)", lambda m: bytes.fromhex(m[1].decode()), raw)


def _plain(name: str) -> bool:
    """Letters, digits, _ and -, and not a number: PHP would read another name."""
    return bool(re.fullmatch(r"[A-Za-z0-9_-]+", name) and re.search(r"[A-Za-z_]", name))


def _seconds(text: str, name: str) -> int:
    if not re.fullmatch(r"[1-9][0-9]{0,18}", text, re.ASCII) or int(text) >= 2**63:
        raise Refused("proof_malformed", f"{name} is no time in seconds since 1970.")
    return int(text)


def _judge(at: int, now: Optional[float]) -> None:
    now = time.time() if now is None else now
    if now - at > TOLERANCE:
        raise Refused("token_expired", "The request was signed too long ago.")
    if not at - now <= TOLERANCE:
        raise Refused("token_early", "The request was signed in the future: a clock is wrong.")
