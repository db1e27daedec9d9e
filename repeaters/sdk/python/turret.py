"""A Turret repeater in Python: one file, standard library only.

    import turret

    @turret.action("logs.read", params={"service": {"type": "string"}}, read_only=True)
    def read_logs(call):
        call.stdout.write(open(f"/var/log/{call.params['service']}.log", "rb").read())

    turret.serve(version="1.0.0")

A function returns the exit code, or nothing for 0. It runs in a thread of its own. `call.secrets` holds the values of
the variables that the manifest lists; whatever is written, raised or logged is looked through for them. The protocol is
TRT/1 on fd 3, secrets come on fd 4: SPEC.md.
"""

import base64
import json
import math
import os
import re
import socket
import struct
import sys
import threading
import traceback

PREFACE = b"TRT\r\n\x1a\n\x01"
HEADER = struct.Struct(">BBBBII")
HELLO, REGISTER, REGISTERED, PING, GOAWAY, FATAL = 0x00, 0x03, 0x04, 0x05, 0x06, 0x08
CALL, DATA, CREDIT, SIGNAL, RESIZE, CANCEL, END, RESET = 0x10, 0x12, 0x13, 0x14, 0x15, 0x16, 0x17, 0x18
CRITICAL = {*range(0x00, 0x09), *range(0x10, 0x19)}
FIN, SIGNED, ACK = 0x01, 0x02, 0x04
STDIN, STDOUT, STDERR = 0, 1, 2

DATA_BYTES_MAX = 65_536
CONTROL_BYTES_MAX = 262_144
REGISTER_BYTES_MAX = 1_048_576
UNAUTHENTICATED_BYTES_MAX = 4_096
JSON_DEPTH_MAX = 32
WINDOW_BYTES = 524_288
CREDIT_BYTES_MAX = 2_147_483_647
STREAM_MAX = 0x7FFF_FFFF
INTEGER_MAX = 2**53 - 1

ERROR_CODES = {
    "protocol_error": 100, "frame_too_large": 101, "flow_control": 107, "no_such_action": 300, "invalid_params": 301,
    "unresolvable": 302, "repeater_error": 402, "cancelled": 404, "no_credentials": 406, "internal": 500,
}  # fmt: skip


class TurretError(Exception):
    """`name` is one of ERROR_CODES; the caller reads message and hint."""

    def __init__(self, name, message, hint=None):
        super().__init__(message)
        self.name, self.hint = name, hint


class Cancelled(Exception):
    """Raised in an action whose caller is gone. Let it pass."""


# --- frames -----------------------------------------------------------------------------------------------------------


def encode_frame(type, payload=b"", flags=0, channel=0, stream=0):
    return HEADER.pack(1, type, flags, channel, stream, len(payload)) + payload


def bytes_max(type, authenticated=True):
    if not authenticated:
        return UNAUTHENTICATED_BYTES_MAX
    return {DATA: DATA_BYTES_MAX, REGISTER: REGISTER_BYTES_MAX}.get(type, CONTROL_BYTES_MAX)


def decode_header(header, authenticated=True):
    """(type, flags, channel, stream, length) of 12 bytes. Checked before a byte of the payload is read."""
    version, type, flags, channel, stream, length = HEADER.unpack(header)
    if version != 1:
        raise TurretError("protocol_error", "frame of another version")
    if stream > STREAM_MAX:
        raise TurretError("protocol_error", "stream id with bit 31 set")
    if type < 0x80 and type not in CRITICAL:
        raise TurretError("protocol_error", f"unknown critical frame {type:#x}")
    if type < 0x80 and flags & ~(FIN | SIGNED | ACK):
        raise TurretError("protocol_error", "unknown flag on a critical frame")
    if length > bytes_max(type, authenticated):
        raise TurretError("frame_too_large", "frame over the limit")
    return type, flags, channel, stream, length


# --- I-JSON -----------------------------------------------------------------------------------------------------------


def _object(pairs):
    keys = dict(pairs)
    if len(keys) != len(pairs):
        raise ValueError("a key twice")
    if not keys.keys().isdisjoint({"__proto__", "constructor", "prototype"}):
        raise ValueError("a forbidden key")
    return keys


def _integer(text):
    if len(text) > 20 or abs(int(text)) > INTEGER_MAX:
        raise ValueError("a number beyond 2^53")
    return int(text)


def _float(text):
    value = float(text)
    if not math.isfinite(value):
        raise ValueError("a number beyond 2^53")
    return value


def _constant(text):
    raise ValueError(text)


def _check(value, depth):
    if isinstance(value, str) and re.search("[\ud800-\udfff]", value):
        raise ValueError("a lone surrogate")
    if not isinstance(value, (dict, list)):
        return
    if depth >= JSON_DEPTH_MAX:
        raise ValueError("nested too deeply")
    for item in [*value, *value.values()] if isinstance(value, dict) else value:
        _check(item, depth + 1)


def parse_json(payload):
    """Any I-JSON value; what JSON readers disagree about is refused."""
    try:
        value = json.loads(
            payload.decode("utf-8"), object_pairs_hook=_object, parse_int=_integer, parse_float=_float, parse_constant=_constant
        )
        _check(value, 0)
        return value
    except (ValueError, RecursionError) as error:
        raise TurretError("protocol_error", "control payload is not I-JSON") from error


def parse_control(payload):
    value = parse_json(payload)
    if not isinstance(value, dict):
        raise TurretError("protocol_error", "control payload is not an object")
    return value


def encode_control(value):
    return json.dumps(value, ensure_ascii=False, separators=(",", ":"), allow_nan=False).encode("utf-8")


# --- redaction --------------------------------------------------------------------------------------------------------
# A seat belt against accidents, as in src/protocol/spellings.ts, whose list this is.

MARKER = b"[redacted by turret]"
REDACTION_HOLD_S = 0.1
REDACTION_EARLY_BYTES_MAX = 3
URL_PLAIN = [r"[\w.~!*'()-]", r"[\w.~-]", r"[\w.*-]", r"[\w.~/-]", r"[\w.~!*'();/?:@&=+$,#-]", r"(?!)"]
HTML_ESCAPED = [
    {},
    {'"': "&quot;", "'": "&#x27;"},
    {'"': "&quot;", "'": "&#039;"},
    {'"': "&quot;", "'": "&#39;"},
    {'"': "&#34;", "'": "&#39;", "+": "&#43;"},
    {'"': "&quot;", "'": "&#39;", "/": "&#x2F;", "`": "&#x60;", "=": "&#x3D;"},
]
JSON_ESCAPED = [r"(?!)", "[<>&\u2028\u2029]", r"[^\0-\x7f]", r"[<>&'=+`\x7f]|[^\0-\x7f]", r"(?s:.)"]


def _url_forms(text):
    for plain in URL_PLAIN:
        for digits in ("%%%02X", "%%%02x"):
            form = "".join(chr(b) if b < 128 and re.match(plain, chr(b), re.A) else digits % b for b in text.encode())
            yield from (form, form.replace("%20", "+"))


def _json_forms(text):
    for escaped in JSON_ESCAPED:
        for digits in ("\\u%04x", "\\u%04X"):
            form = ""
            for character in text:
                units = struct.unpack(f">{len(character.encode('utf-16-be')) // 2}H", character.encode("utf-16-be"))
                is_escaped = re.match(escaped, character)
                form += "".join(digits % unit for unit in units) if is_escaped else json.dumps(character, ensure_ascii=False)[1:-1]
            yield from (form, form.replace("/", "\\/"))


def _html_forms(text):
    for escapes in HTML_ESCAPED:
        yield text.translate(str.maketrans({"&": "&amp;", "<": "&lt;", ">": "&gt;", **escapes}))


def _base64_forms(raw):
    for before in range(3):
        text, last = base64.b64encode(bytes(before) + raw).decode().rstrip("="), (before + len(raw)) * 8 // 6
        first = -(-before * 8 // 6)
        for form in (text[first:last], text[first:]):
            for alphabet in (form, form.replace("+", "-").replace("/", "_")):
                url = alphabet.replace("+", "%2B").replace("/", "%2F")
                yield from (alphabet, url, url.replace("%2B", "%2b").replace("%2F", "%2f"))
                yield alphabet.replace("/", "\\/")


def spellings(secret):
    """The ways a secret comes out of a program without anybody meaning it. None for one of less than eight bytes."""
    text = secret.strip()
    raw = text.encode()
    if len(raw) < 8:
        return set()
    quoted = json.dumps(text, ensure_ascii=False)[1:-1]
    forms = {text, text[::-1], raw.hex(), raw.hex().upper(), *_url_forms(text), *_json_forms(text), *_json_forms(quoted), *_html_forms(text), *_base64_forms(raw)}
    return {form.encode() for form in forms} | {text.encode("utf-16-le")}


class _Redactor:
    needles, pattern, starts = [], None, {}

    @classmethod
    def keep(cls, secrets):
        cls.needles = sorted({form for secret in secrets for form in spellings(secret)}, key=len, reverse=True)
        cls.pattern = re.compile(b"|".join(re.escape(needle) for needle in cls.needles)) if cls.needles else None
        for needle in cls.needles:
            cls.starts.setdefault(needle[0], []).append(needle)

    @classmethod
    def whole(cls, text):
        if cls.pattern is None:
            return text
        return cls.pattern.sub(MARKER, text.encode("utf-8", "surrogatepass")).decode("utf-8", "surrogatepass")

    def __init__(self):
        self.held, self.count = b"", 0
        # What is out already, and may be the beginning of a secret.
        self.out = b""

    def push(self, data):
        """What may go out; what may be the beginning of a secret is held."""
        data = self.out + self.held + data
        if self.pattern is None:
            return data
        return self._release(data, self._decided(data))

    def flush(self):
        data = self.out + self.held
        return data if self.pattern is None else self._release(data, len(data))

    def flush_early(self):
        """What is held, unless it is more of a secret than a pause may let go."""
        if len(self.out + self.held) > REDACTION_EARLY_BYTES_MAX:
            return b""
        data, self.out, self.held = self.held, self.out + self.held, b""
        return data

    def _release(self, data, decided):
        parts, at, out = [], 0, len(self.out)
        for match in self.pattern.finditer(data):
            if match.start() >= decided:
                break
            parts += [data[max(at, out) : match.start()], MARKER]
            at, self.count = match.end(), self.count + 1
        end = max(at, decided)
        parts.append(data[max(at, out) : end])
        self.out, self.held = data[end:out], data[max(end, out) :]
        return b"".join(parts)

    def _decided(self, data):
        for at in range(max(0, len(data) - len(self.needles[0]) + 1), len(data)):
            rest = data[at:]
            if any(len(needle) > len(rest) and needle.startswith(rest) for needle in self.starts.get(data[at], ())):
                return at
        return len(data)


class _Log:
    def __init__(self, stream):
        self._stream = stream

    def write(self, text):
        return self._stream.write(_Redactor.whole(text))

    def __getattr__(self, name):
        return getattr(self._stream, name)


# --- channels ---------------------------------------------------------------------------------------------------------


class Output:
    """Bytes to the caller. `write` waits for credit, and raises Cancelled when nobody will read them."""

    def __init__(self, call, channel):
        self._call, self._channel, self._credit = call, channel, WINDOW_BYTES
        self._redactor, self._writing, self._timer = _Redactor(), threading.RLock(), None

    @property
    def redacted(self):
        return self._redactor.count

    def write(self, data):
        with self._writing:
            if self._timer:
                self._timer.cancel()
            self._send(self._redactor.push(data.encode("utf-8") if isinstance(data, str) else bytes(data)))
            if self._redactor.held:
                # Nobody waits longer for what is no secret after all.
                self._timer = threading.Timer(REDACTION_HOLD_S, self._flush, [self._redactor.flush_early])
                self._timer.daemon = True
                self._timer.start()

    def finish(self):
        self._flush(self._redactor.flush)
        self._call.send(DATA, flags=FIN, channel=self._channel)

    def _flush(self, flush):
        try:
            with self._writing:
                self._send(flush())
        except Cancelled:
            pass

    def _send(self, data):
        data = memoryview(data)
        while len(data) > 0:
            with self._call.changed:
                self._call.changed.wait_for(lambda: self._credit > 0 or self._call.cancelled)
                if self._call.cancelled:
                    raise Cancelled
                size = min(len(data), self._credit, DATA_BYTES_MAX)
                self._credit -= size
            self._call.send(DATA, bytes(data[:size]), channel=self._channel)
            data = data[size:]

    def add_credit(self, payload):
        increment = struct.unpack(">I", payload)[0] if len(payload) == 4 else 0
        with self._call.changed:
            self._credit += increment
            if increment == 0 or self._credit > CREDIT_BYTES_MAX:
                raise TurretError("flow_control", "credit of no use")
            self._call.changed.notify_all()


class Input:
    """Bytes from the caller. Reading them gives credit for more, in steps of half a window."""

    def __init__(self, call, channel, ended):
        self._call, self._channel, self._ended = call, channel, ended
        self._held, self._window, self._owed = bytearray(), WINDOW_BYTES, 0

    def accept(self, payload, fin):
        with self._call.changed:
            if self._ended:
                raise TurretError("protocol_error", "data after the end of its channel")
            self._window -= len(payload)
            if self._window < 0:
                raise TurretError("flow_control", "data beyond the credit given")
            self._held += payload
            self._ended = fin
            self._call.changed.notify_all()

    def read(self, size=DATA_BYTES_MAX):
        """At least one byte and at most `size`; nothing at the end."""
        with self._call.changed:
            self._call.changed.wait_for(lambda: self._held or self._ended or self._call.cancelled)
            if self._call.cancelled:
                raise Cancelled
            data = bytes(self._held[:size])
            del self._held[:size]
            self._owed += len(data)
            credit = 0 if self._ended or self._owed < WINDOW_BYTES // 2 else self._owed
            self._owed -= credit
            self._window += credit
        if credit:
            self._call.send(CREDIT, struct.pack(">I", credit), channel=self._channel)
        return data

    def __iter__(self):
        return iter(self.read, b"")


class Call:
    """One approved call: params, stdin, stdout, stderr, secrets."""

    def __init__(self, link, stream, request):
        self._link, self._stream = link, stream
        capability = request["capabilities"][0]
        self.id, self.action, self.params = request["call"], capability["action"], capability["params"]
        self.secrets, self.tty = link.secrets["env"], request.get("tty")
        self.changed, self.cancelled = threading.Condition(), False
        self.stdin = Input(self, STDIN, ended=not request["needs"]["stdin"])
        self.stdout, self.stderr = Output(self, STDOUT), Output(self, STDERR)
        self.on_signal = lambda name: None
        self.on_resize = lambda cols, rows: None

    def send(self, type, payload=b"", flags=0, channel=0):
        self._link.send(encode_frame(type, payload, flags, channel, self._stream))

    def wait(self, seconds):
        """Sleeps, and raises Cancelled as soon as nobody waits for the call any more."""
        with self.changed:
            if self.changed.wait_for(lambda: self.cancelled, seconds):
                raise Cancelled

    def cancel(self):
        with self.changed:
            self.cancelled = True
            self.changed.notify_all()

    def frame(self, type, flags, channel, payload):
        if type == DATA and channel == STDIN:
            self.stdin.accept(payload, bool(flags & FIN))
        elif type == CREDIT and channel in (STDOUT, STDERR):
            (self.stdout if channel == STDOUT else self.stderr).add_credit(payload)
        elif type == SIGNAL:
            self.on_signal(parse_control(payload).get("signal"))
        elif type == RESIZE and len(payload) == 4:
            self.on_resize(*struct.unpack(">HH", payload))
        elif type in (CANCEL, RESET):
            self.cancel()

    def perform(self, run):
        try:
            exit = run(self) or 0
            self.stdout.finish()
            self.stderr.finish()
            end = {"ok": True, "exit": exit}
        except Cancelled:
            end = _error(TurretError("cancelled", "the call was cancelled"))
        except TurretError as error:
            end = _error(error)
        except Exception:
            # To the repeater's log. The caller learns that it broke, not how.
            traceback.print_exc()
            end = _error(TurretError("repeater_error", "the repeater failed"))
        self._link.over(self._stream)
        redacted = self.stdout.redacted + self.stderr.redacted
        self.send(END, encode_control({**end, **({"redacted": redacted} if redacted else {})}))


def _error(error):
    hint = {} if error.hint is None else {"hint": _Redactor.whole(error.hint)}
    message = _Redactor.whole(str(error))
    return {"ok": False, "error": {"code": ERROR_CODES[error.name], "name": error.name, "message": message, **hint}}


# --- the repeater -----------------------------------------------------------------------------------------------------

_actions = {}


def action(name, *, params=None, title=None, description=None, stdin=False, **annotations):
    """Declares the function below it. `params`: name to JSON Schema, all required. Annotations: read_only=True and so on;
    what is left out takes the cautious value."""
    described = {"name": name, "title": title, "description": description, "stdin": stdin}
    described["params"] = {
        "type": "object", "properties": params or {}, "required": list(params or {}), "additionalProperties": False
    }  # fmt: skip
    words = {re.sub("_(.)", lambda match: match[1].upper(), key): value for key, value in annotations.items()}
    described["annotations"] = words

    def declare(run):
        _actions[name] = ({key: value for key, value in described.items() if value is not None}, run)
        return run

    return declare


class _Link:
    def __init__(self, connection, secrets):
        self.connection, self.secrets = connection, secrets
        self._writing, self._calls = threading.Lock(), {}

    def send(self, frame):
        with self._writing:
            try:
                self.connection.sendall(frame)
            except OSError:
                pass  # The broker is gone; the reader is about to end the process.

    def over(self, stream):
        self._calls.pop(stream, None)

    def read(self, size):
        data = bytearray()
        while len(data) < size:
            part = self.connection.recv(size - len(data))
            if not part:
                raise EOFError
            data += part
        return bytes(data)

    def serve(self):
        if self.read(len(PREFACE)) != PREFACE:
            raise TurretError("protocol_error", "the peer does not speak TRT/1")
        while True:
            type, flags, channel, stream, length = decode_header(self.read(HEADER.size))
            payload = self.read(length)
            if type == CALL:
                self._open(stream, parse_control(payload))
            elif type == PING and stream == 0 and not flags & ACK:
                self.send(encode_frame(PING, payload, flags=ACK))
            elif type == GOAWAY:
                return
            elif stream in self._calls:
                self._calls[stream].frame(type, flags, channel, payload)

    def _open(self, stream, request):
        try:
            if request.get("mode") != "run":
                raise TurretError("unresolvable", "this repeater has no command lines")
            prefix, [capability] = self.secrets["name"] + ".", request["capabilities"]
            name = capability["action"].removeprefix(prefix)
            if prefix + name != capability["action"] or name not in _actions:
                raise TurretError("no_such_action", f'there is no action "{capability["action"]}"')
        except (TurretError, ValueError) as error:
            error = error if isinstance(error, TurretError) else TurretError("unresolvable", "one action at a time")
            return self.send(encode_frame(END, encode_control(_error(error)), stream=stream))
        self._calls[stream] = call = Call(self, stream, request)
        threading.Thread(target=call.perform, args=(_actions[name][1],), daemon=True).start()


def serve(version):
    """Serves until the broker is gone; does not return."""
    with os.fdopen(4, "rb") as secrets_pipe:
        secrets = json.load(secrets_pipe)
    _Redactor.keep(secrets["env"].values())
    sys.stdout, sys.stderr = _Log(sys.stdout), _Log(sys.stderr)
    link = _Link(socket.socket(fileno=3), secrets)
    nonce = base64.urlsafe_b64encode(os.urandom(32)).rstrip(b"=").decode()
    name = secrets["name"]
    hello = {"role": "repeater", "versions": [1], "nonce": nonce, "client": f"{name}/{version}"}
    register = {"repeater": name, "version": version, "kind": secrets["kind"], "tools": [], "resolve": False, "concurrency": 16}
    register["actions"] = [described for described, _ in _actions.values()]
    link.send(PREFACE + encode_frame(HELLO, encode_control(hello)) + encode_frame(REGISTER, encode_control(register)))
    try:
        link.serve()
    except (EOFError, OSError):
        pass
    except TurretError as error:
        fatal = {"code": ERROR_CODES[error.name], "name": error.name, "message": str(error)}
        link.send(encode_frame(FATAL, encode_control(fatal)))
        print(f"turret: {error}", file=sys.stderr, flush=True)
    # Without a broker there is nobody to act for: threads in the middle of a call end here, too.
    os._exit(0)
