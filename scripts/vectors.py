#!/usr/bin/env python3
"""Runs test/vectors/protocol.json, or the file named, against the Python SDK: a second reader of the same bytes.

What the SDK has no need for (tokens, handshake, signatures, lines) is written here from SPEC.md, so that the vectors are
checked by two implementations that share nothing. Standard library only. Prints one line per group; exits 1 on a
difference.
"""

import base64
import hashlib
import io
import json
import pathlib
import re
import struct
import sys
import zlib

ROOT = pathlib.Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT / "repeaters" / "sdk" / "python"))
import turret  # noqa: E402

FILE = pathlib.Path(sys.argv[1]) if len(sys.argv) > 1 else ROOT / "test" / "vectors" / "protocol.json"
vectors = json.loads(FILE.read_text("utf-8"))
unhex = bytes.fromhex


def refusal(act):
    """The name of the error it raises; None when it raises none."""
    try:
        act()
        return None
    except turret.TurretError as error:
        return error.name


# --- Ed25519, the arithmetic of RFC 8032 5.1. Slow, and not constant in time: for checking only. --------------------

P = 2**255 - 19
L = 2**252 + 27742317777372353535851937790883648493
D = -121665 * pow(121666, P - 2, P) % P
ROOT_OF_MINUS_ONE = pow(2, (P - 1) // 4, P)


def recover_x(y, sign):
    square = (y * y - 1) * pow(D * y * y + 1, P - 2, P) % P
    x = pow(square, (P + 3) // 8, P)
    if (x * x - square) % P:
        x = x * ROOT_OF_MINUS_ONE % P
    if (x * x - square) % P or (x == 0 and sign):
        return None
    return P - x if x & 1 != sign else x


def add(left, right):
    (x1, y1, z1, t1), (x2, y2, z2, t2) = left, right
    a, b = (y1 - x1) * (y2 - x2) % P, (y1 + x1) * (y2 + x2) % P
    c, d = 2 * t1 * t2 * D % P, 2 * z1 * z2 % P
    e, f, g, h = b - a, d - c, d + c, b + a
    return e * f % P, g * h % P, f * g % P, e * h % P


def multiply(scalar, point):
    result = (0, 1, 1, 0)
    while scalar:
        if scalar & 1:
            result = add(result, point)
        point, scalar = add(point, point), scalar >> 1
    return result


def compress(point):
    x, y, z, _ = point
    inverse = pow(z, P - 2, P)
    return ((y * inverse % P) | (x * inverse % P & 1) << 255).to_bytes(32, "little")


def decompress(encoded):
    number = int.from_bytes(encoded, "little")
    y, sign = number & (1 << 255) - 1, number >> 255
    x = recover_x(y, sign) if y < P else None
    return None if x is None else (x, y, 1, x * y % P)


BASE_Y = 4 * pow(5, P - 2, P) % P
BASE = (recover_x(BASE_Y, 0), BASE_Y, 1, recover_x(BASE_Y, 0) * BASE_Y % P)


def digest(*parts):
    return int.from_bytes(hashlib.sha512(b"".join(parts)).digest(), "little") % L


def secret_scalar(seed):
    number = int.from_bytes(hashlib.sha512(seed).digest()[:32], "little")
    return number & (1 << 254) - 8 | 1 << 254


def public_key(seed):
    return compress(multiply(secret_scalar(seed), BASE))


def sign(seed, message):
    public, prefix = public_key(seed), hashlib.sha512(seed).digest()[32:]
    r = digest(prefix, message)
    commitment = compress(multiply(r, BASE))
    s = (r + digest(commitment, public, message) * secret_scalar(seed)) % L
    return commitment + s.to_bytes(32, "little")


def verify(public, message, signature):
    a, r, s = decompress(public), decompress(signature[:32]), int.from_bytes(signature[32:], "little")
    # S of L or more is a second spelling of a signature: refused, or nobody could say which one was made.
    if len(signature) != 64 or a is None or r is None or s >= L:
        return False
    expected = add(r, multiply(digest(signature[:32], public, message), a))
    return compress(multiply(s, BASE)) == compress(expected)


# --- tokens ---------------------------------------------------------------------------------------------------------

ALPHABET = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"
KINDS = {1: ("session", "trt_"), 2: ("child", "trt_"), 3: ("repeater", "trr_"), 4: ("admin", "tra_")}


def base62(number, digits):
    text = ""
    for _ in range(digits):
        number, digit = divmod(number, 62)
        text = ALPHABET[digit] + text
    return text


def parse_token(text):
    """(kind, seed, sid), or None."""
    if len(text) != 68 or any(character not in ALPHABET for character in text[4:]):
        return None
    if base62(zlib.crc32(text[:62].encode("ascii", "replace")), 6) != text[62:]:
        return None
    number = 0
    for character in text[4:62]:
        number = number * 62 + ALPHABET.index(character)
    if number >> 344:
        return None
    body = number.to_bytes(43, "big")
    kind, prefix = KINDS.get(body[0], (None, None))
    return (kind, body[1:33], body[33:]) if prefix == text[:4] else None


def format_token(kind, seed, sid):
    number, prefix = next((number, prefix) for number, (name, prefix) in KINDS.items() if name == kind)
    text = prefix + base62(int.from_bytes(bytes([number]) + seed + sid, "big"), 58)
    return text + base62(zlib.crc32(text.encode()), 6)


# --- the groups -----------------------------------------------------------------------------------------------------


def check_frames(check):
    for vector in vectors["frames"]:
        raw, payload = unhex(vector["hex"]), unhex(vector["payload"])
        fields = vector["type"], vector["flags"], vector["channel"], vector["stream"]
        check(vector, turret.decode_header(raw[:12]) == (*fields, len(payload)) and raw[12:] == payload)
        kind, flags, channel, stream = fields
        check(vector, turret.encode_frame(kind, payload, flags, channel, stream) == raw)
    for vector in vectors["frames_refused"]:
        name = refusal(lambda: turret.decode_header(unhex(vector["hex"]), vector["authenticated"]))
        check(vector, name == vector["error"])


class Wire:
    """A connection that has said all it will say."""

    def __init__(self, data):
        self.data, self.sent = io.BytesIO(data), b""

    def recv(self, size):
        return self.data.read(size)

    def sendall(self, data):
        self.sent += data


def check_connections(check):
    for vector in vectors["connections"]:
        wire = Wire(unhex(vector["hex"]))

        def run():
            try:
                turret._Link(wire, {"name": "vectors"}).serve()
            except EOFError:
                pass

        check(vector, refusal(run) == vector.get("error"))
        # Every frame of these vectors is a PING, so every one is answered.
        check(vector, vector.get("frames") is None or len(wire.sent) == 20 * vector["frames"])


def check_handshake(check):
    hand = vectors["handshake"]
    client, server = hand["hello_client"].encode(), hand["hello_server"].encode()
    parts = turret.PREFACE, struct.pack(">I", len(client)), client, struct.pack(">I", len(server)), server
    transcript = hashlib.sha256(b"".join(parts)).digest()
    check({"name": "transcript"}, transcript.hex() == hand["transcript"])
    token, broker = public_key(unhex(hand["seed"])), public_key(unhex(hand["broker_seed"]))
    check({"name": "public keys"}, [token.hex(), broker.hex()] == [hand["public_key"], hand["broker_public_key"]])
    check({"name": "kid"}, hashlib.sha256(token).hexdigest()[:20] == hand["kid"])
    check({"name": "sid"}, hashlib.sha256(broker).hexdigest()[:20] == hand["sid"])
    auth, proof = b"turret-auth-v1\0" + transcript, b"turret-broker-v1\0" + transcript
    check({"name": "AUTH"}, sign(unhex(hand["seed"]), auth).hex() == hand["auth_signature"])
    check({"name": "WELCOME"}, verify(broker, proof, unhex(hand["broker_signature"])))
    check({"name": "WELCOME by the token"}, not verify(token, proof, unhex(hand["broker_signature"])))
    for call in vectors["calls"]:
        message = b"turret-call-v1\0" + unhex(call["transcript"]) + struct.pack(">IQ", call["stream"], call["counter"])
        message += hashlib.sha256(call["json"].encode()).digest()
        check(call, verify(token, message, unhex(call["signature"])) == call["valid"])


LABEL = re.compile(r"[A-Za-z0-9][A-Za-z0-9_.-]{0,63}\Z")
MOST = 2**53 - 1


def whole(value, least, most):
    return isinstance(value, int) and not isinstance(value, bool) and least <= value <= most


def is_grant(grant):
    if not isinstance(grant, dict) or grant.keys() - {"allow", "where"}:
        return False
    allow, where = grant.get("allow"), grant.get("where", {})
    if not isinstance(allow, list) or not allow or not isinstance(where, dict):
        return False
    values = all(isinstance(one, list) and one and all(isinstance(item, (str, int, float)) for item in one)
                 for one in where.values())
    return values and all(isinstance(pattern, str) for pattern in allow)


def sound_key(text):
    """Canonical, on the curve, and not of small order: eight times such a point is not the neutral one."""
    key = base64.urlsafe_b64decode(text + "=" * (-len(text) % 4))
    if len(key) != 32 or base64.urlsafe_b64encode(key).decode().rstrip("=") != text:
        return False
    number = int.from_bytes(key, "little")
    y, odd = number & (2**255 - 1), number >> 255
    x = recover_x(y, odd) if y < P else None
    if x is None:
        return False
    point = (x, y, 1, x * y % P)
    for _ in range(3):
        point = add(point, point)
    return not (point[0] % P == 0 and (point[1] - point[2]) % P == 0)


def is_delegation(text):
    """SPEC.md, Delegation: the shape alone."""
    if len(text.encode()) > 16384:
        return False
    try:
        told = turret.parse_json(text.encode())
    except turret.TurretError:
        return False
    if not isinstance(told, dict) or told.keys() - {"child_pub", "label", "grants", "not_after", "max_calls", "depth"}:
        return False
    grants, label, key = told.get("grants"), told.get("label"), told.get("child_pub")
    return (
        isinstance(key, str) and sound_key(key)
        and isinstance(label, str) and LABEL.match(label) is not None
        and isinstance(grants, list) and 1 <= len(grants) <= 32 and all(map(is_grant, grants))
        and whole(told.get("not_after"), 0, MOST) and whole(told.get("max_calls", 1), 1, MOST)
        and whole(told.get("depth"), 1, 4)
    )


def check_delegations(check):
    hand = vectors["handshake"]
    parent, sid = unhex(hand["public_key"]), unhex(hand["sid"])
    for vector in vectors["delegations"]:
        message = b"turret-delegate-v1\0" + sid + vector["json"].encode()
        taken = verify(parent, message, unhex(vector["signature"])) and is_delegation(vector["json"])
        check(vector, taken == vector["valid"])


def check_tokens(check):
    for vector in vectors["tokens"]:
        parts = vector["kind"], unhex(vector["seed"]), unhex(vector["sid"])
        check(vector, parse_token(vector["text"]) == parts and format_token(*parts) == vector["text"])
    for vector in vectors["tokens_refused"]:
        check(vector, parse_token(vector["text"]) is None)


def check_json(check):
    for vector in vectors["json_accepted"]:
        check(vector, turret.parse_json(unhex(vector["hex"])) == vector["value"])
    for vector in vectors["json_refused"]:
        check(vector, refusal(lambda: turret.parse_json(unhex(vector["hex"]))) == "protocol_error")


def idle_call():
    link = turret._Link(Wire(b""), {"name": "vectors", "env": {}})
    request = {"call": "", "capabilities": [{"action": "", "params": {}}], "needs": {"stdin": True}}
    return turret.Call(link, 2, request)


def check_credit(check):
    check({"name": "window"}, vectors["window"] == turret.WINDOW_BYTES)
    for vector in vectors["credit_given"]:
        out = idle_call().stdout
        name = refusal(lambda: [out.add_credit(unhex(payload)) for payload in vector["payloads"]])
        check(vector, name == vector.get("error") and ("error" in vector or out._credit == vector["credit"]))
    for vector in vectors["credit_spent"]:
        stdin = idle_call().stdin
        name = refusal(lambda: [stdin.accept(bytes(size), False) for size in vector["sizes"]])
        check(vector, name == vector.get("error"))


def data_of(line):
    message = turret.parse_control(line.encode())
    text, b64 = message.get("text"), message.get("b64")
    if (text is None) == (b64 is None) or not isinstance(text if b64 is None else b64, str):
        raise turret.TurretError("protocol_error", "DATA has text or b64")
    if b64 is None:
        return text.encode()
    data = base64.b64decode(b64 + "==")
    if base64.b64encode(data).decode() != b64:
        raise turret.TurretError("protocol_error", "b64 is not canonical")
    return data


def check_lines(check):
    for vector in vectors["lines"]:
        check(vector, data_of(vector["line"]) == unhex(vector["payload"]))
    for vector in vectors["lines_refused"]:
        check(vector, refusal(lambda: data_of(vector["line"])) == "protocol_error")


def main():
    groups = [check_frames, check_connections, check_handshake, check_delegations, check_tokens, check_json, check_credit, check_lines]
    failed = 0
    for group in groups:
        made, wrong = 0, []

        def check(vector, right):
            nonlocal made
            made += 1
            if not right:
                wrong.append(vector["name"])

        group(check)
        failed += len(wrong)
        print(f"{group.__name__.removeprefix('check_')}: {made} checks, {len(wrong)} wrong")
        for name in wrong:
            print(f"  wrong: {name}")
    sys.exit(1 if failed else 0)


main()
