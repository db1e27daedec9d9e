"""Forks a running Python program into calls of a real CLI: what takes long, its imports, has been done once.

Started by zygote.ts inside a bubblewrap sandbox that shows what every call may see, and the directory of all calls. It
keeps CAP_SYS_ADMIN there (and CAP_SETFCAP, which the kernel wants of root before it maps root), in a user namespace
that owns nothing else, to make a sandbox for each fork. No secret is in it, and nothing that an agent wrote is read
here: from descriptor 3 come only 32 hexadecimal digits for each call, from the repeater.

Three processes make a call:
  the zygote     waits for the next
  the first      is process 1 of the call's namespaces; connects to the repeater, mounts, and then only passes on
                 signals, collects what ends, and sees to it that nothing is left
  the program    gives up every right, and only then asks the repeater for its arguments, and is the CLI
"""

import builtins
import ctypes
import errno
import gc
import importlib.util
import json
import os
import resource
import select
import signal
import socket
import struct
import sys
import time
import types

CONTROL = 3
NAME_BYTES = 32
HELLO_BYTES_MAX = 65_536

CLONE_NEWNS, CLONE_NEWUTS, CLONE_NEWIPC, CLONE_NEWUSER, CLONE_NEWPID = (
    0x00020000, 0x04000000, 0x08000000, 0x10000000, 0x20000000,
)  # fmt: skip
MS_RDONLY, MS_NOSUID, MS_NODEV, MS_NOEXEC, MS_REMOUNT, MS_BIND, MS_REC, MS_PRIVATE = (
    1, 2, 4, 8, 32, 4096, 16384, 1 << 18,
)  # fmt: skip
PR_SET_DUMPABLE, PR_SET_SECCOMP, PR_CAPBSET_DROP, PR_SET_NO_NEW_PRIVS, PR_CAP_AMBIENT = 4, 22, 24, 38, 47
PR_CAP_AMBIENT_CLEAR_ALL = 4
SECCOMP_MODE_FILTER = 2
CAPABILITY_VERSION_3 = 0x20080522

libc = ctypes.CDLL(None, use_errno=True)


class SockFprog(ctypes.Structure):
    _fields_ = [("length", ctypes.c_ushort), ("filter", ctypes.c_void_p)]


def checked(result):
    if result < 0:
        raise OSError(ctypes.get_errno(), os.strerror(ctypes.get_errno()))


def mount(source, target, kind, flags, data=None):
    words = [None if word is None else os.fsencode(word) for word in (source, target, kind, data)]
    checked(libc.mount(*words[:3], ctypes.c_ulong(flags), words[3]))


def prctl(option, *words):
    checked(libc.prctl(option, *[ctypes.c_ulong(word) for word in (*words, 0, 0, 0, 0)[:4]]))


def connect(door, name, channel):
    """One of the streams of a call. The repeater knows it by the call's name, which nobody else has heard."""
    connection = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
    connection.connect(door)
    connection.sendall(name + channel)
    return connection.detach()


def descriptors():
    """The open ones past the streams, and what each is; without the one that lists them."""
    found = {}
    for name in os.listdir("/proc/self/fd"):
        try:
            found[int(name)] = os.readlink(f"/proc/self/fd/{name}")
        except OSError:
            pass
    return {number: what for number, what in found.items() if number > 2}


def close_all_but(kept):
    """Every descriptor past the streams that is not among these."""
    for number in descriptors():
        if number not in kept:
            os.close(number)


def refuse(why):
    """Ends at once: whatever else runs here would be waited for."""
    print(why, file=sys.stderr, flush=True)
    os._exit(1)


def check_forkable():
    """What a fork would do wrong that a fresh process does right. Returns descriptors that the libraries need."""
    if len(os.listdir("/proc/self/task")) != 1:
        refuse("its import starts threads")
    kept = {number: what for number, what in descriptors().items() if number != CONTROL}
    for what in kept.values():
        if what not in ("/dev/urandom", "/dev/random"):
            refuse(f"its import leaves {what} open")
    return list(kept)


def enter_namespaces(calls, name):
    """From here on there are, of all calls, this one's place and processes only. The place is always at the same path."""
    checked(libc.unshare(CLONE_NEWNS | CLONE_NEWIPC | CLONE_NEWUTS))
    mount(None, "/", None, MS_REC | MS_PRIVATE)
    place = os.open(f"{calls}/call-{name.decode()}", os.O_PATH | os.O_DIRECTORY | os.O_NOFOLLOW)
    mount("tmpfs", calls, "tmpfs", MS_NOSUID | MS_NODEV, "mode=0755,size=64k,nr_inodes=8")
    os.mkdir(f"{calls}/call")
    mount(f"/proc/self/fd/{place}", f"{calls}/call", None, MS_BIND)
    mount(None, calls, None, MS_REMOUNT | MS_BIND | MS_RDONLY | MS_NOSUID | MS_NODEV)
    mount("proc", "/proc", "proc", MS_NOSUID | MS_NODEV | MS_NOEXEC)
    os.close(place)


def drop_capabilities():
    prctl(PR_CAP_AMBIENT, PR_CAP_AMBIENT_CLEAR_ALL)
    checked(libc.capset(struct.pack("=Ii", CAPABILITY_VERSION_3, 0), bytes(24)))


def drop_bounds():
    """No capability can be had again. For this one has to have them all, as whoever made a user namespace has there."""
    for capability in range(64):
        if libc.prctl(PR_CAPBSET_DROP, ctypes.c_ulong(capability), 0, 0, 0) < 0:
            return checked(-1) if ctypes.get_errno() != errno.EINVAL else None  # Past the last one there is.


def give_up_rights(limits, seccomp):
    """A user namespace of its own, so that its processes are counted apart from other calls'; then nothing is left."""
    uid, gid = os.getuid(), os.getgid()
    checked(libc.unshare(CLONE_NEWUSER))
    for file, line in (("setgroups", "deny"), ("uid_map", f"{uid} {uid} 1"), ("gid_map", f"{gid} {gid} 1")):
        with open(f"/proc/self/{file}", "w") as map_file:
            map_file.write(line)
    for which, most in limits.items():
        resource.setrlimit(getattr(resource, which), (most, most))
    drop_bounds()
    drop_capabilities()
    prctl(PR_SET_NO_NEW_PRIVS, 1)
    code = ctypes.create_string_buffer(seccomp, len(seccomp))
    program = SockFprog(len(seccomp) // 8, ctypes.addressof(code))
    prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, ctypes.addressof(program))


def receive(connection, size):
    parts = []
    while size > 0:
        part = connection.recv(min(size, 65_536))
        if not part:
            os._exit(1)  # The call was given up before it began.
        parts.append(part)
        size -= len(part)
    return b"".join(parts)


def take_request(request):
    """What execve would have been given: working directory, arguments, environment, all as bytes without NUL."""
    connection = socket.socket(fileno=request)
    connection.sendall(b"c")  # Contained. Until now the repeater has told us nothing.
    (size,) = struct.unpack("!I", receive(connection, 4))
    cwd, stdin, count, *words = receive(connection, size).split(b"\0")
    connection.close()
    return os.fsdecode(cwd), stdin == b"1", words[: int(count)], words[int(count) :]


def become(entry, code, request, replay):
    """Leaves the interpreter as a fresh one would be when it begins with the entry script."""
    cwd, has_stdin, argv, environment = take_request(request)
    if not has_stdin:
        nothing = os.open("/dev/null", os.O_RDONLY)
        os.dup2(nothing, 0)
        os.close(nothing)
    os.chdir(cwd)
    os.environ.clear()
    os.environb.update(word.split(b"=", 1) for word in environment)
    os.environ.update(replay, PWD=cwd)
    time.tzset()
    sys.argv = [entry, *map(os.fsdecode, argv)]
    # As at the start of an interpreter: its buffer depends on what the descriptor is.
    old = sys.stdin
    sys.stdin = sys.__stdin__ = open(0, encoding=old.encoding, errors=old.errors, newline="\n", closefd=False)
    sys.stdin.buffer.raw.name = old.name
    main = types.ModuleType("__main__")
    main.__file__ = entry
    main.__builtins__ = builtins
    sys.modules["__main__"] = main
    signal.signal(signal.SIGINT, signal.default_int_handler)
    finish(run(code, main))


def run(code, main):
    """The exit code of the script, as `sys.exit` gives it; the interpreter itself is needed for any other end."""
    try:
        exec(code, main.__dict__)
    except SystemExit as end:
        if end.code is not None and not isinstance(end.code, int):
            raise
        return end.code or 0
    return 0


def finish(status):
    """What the interpreter does at its end that others can see; taking itself to pieces is not."""
    import atexit
    import threading

    threading._shutdown()
    atexit._run_exitfuncs()
    try:
        sys.stdout.flush()
        sys.stderr.flush()
    except Exception:
        sys.exit(status)  # It tries again, and knows what to print and how to end.
    os._exit(status & 0xFF)


def first(program, control):
    """Until nothing is left of the call. Its exit status is told only then: whoever hears it finds nobody at the files."""
    woken, wake = os.pipe2(os.O_NONBLOCK | os.O_CLOEXEC)
    signal.set_wakeup_fd(wake, warn_on_full_buffer=False)
    signal.signal(signal.SIGCHLD, lambda *_: None)
    prctl(PR_SET_DUMPABLE, 0)
    drop_capabilities()
    poll = select.poll()
    poll.register(control, select.POLLIN)
    poll.register(woken, select.POLLIN)
    status = None
    while status is None:
        status = collect(program)
        if status is not None:
            break
        for ready, _ in poll.poll():
            if ready == woken:
                os.read(woken, 4096)
                continue
            try:
                signals = os.read(control, 64)
            except ConnectionResetError:
                signals = b""
            if not signals:  # The call is over, or the repeater.
                signals = bytes([signal.SIGKILL])
                poll.unregister(control)
            for number in signals:
                # The session, which we lead. Nothing but what the program itself asked for reaches us of it.
                os.killpg(0, number)
    end_all()
    try:
        os.write(control, bytes(status))
    except OSError:
        pass  # Nobody wants to know.
    os._exit(0)


def collect(program):
    """How the program ended: (0, exit code) or (1, signal). Others that have ended are only collected."""
    while True:
        try:
            pid, status = os.waitpid(-1, os.WNOHANG)
        except ChildProcessError:
            return 1, signal.SIGKILL
        if pid == 0:
            return None
        if pid == program:
            return (1, os.WTERMSIG(status)) if os.WIFSIGNALED(status) else (0, os.WEXITSTATUS(status))


def end_all():
    while True:
        try:
            os.kill(-1, signal.SIGKILL)
        except ProcessLookupError:
            pass
        try:
            os.waitpid(-1, 0)
        except ChildProcessError:
            return


def call(name, hello, code, replay, kept):
    """In the fork, process 1 of a new namespace. Returns in no process."""
    signal.signal(signal.SIGCHLD, signal.SIG_DFL)
    signal.signal(signal.SIGINT, signal.SIG_DFL)
    os.setsid()
    close_all_but(kept)
    control, request = (connect(hello["door"], name, channel) for channel in (b"c", b"r"))
    for number, channel in enumerate((b"i", b"o", b"e")):
        stream = connect(hello["door"], name, channel)
        os.dup2(stream, number)
        os.close(stream)
    enter_namespaces(hello["calls"], name)
    program = os.fork()
    if program == 0:
        give_up_rights(hello["limits"], bytes.fromhex(hello["filter"]))
        close_all_but([*kept, request])
        become(hello["entry"], code, request, replay)
    os.close(request)
    nothing = os.open("/dev/null", os.O_RDWR)
    for number in range(3):
        os.dup2(nothing, number)
    first(program, control)


def wait_for_all():
    """Another zygote has taken over; the calls of this one go on. (When the repeater is gone, bubblewrap ends us all.)"""
    try:
        while True:
            os.wait()
    except ChildProcessError:
        return


def wait_for_work(control, later):
    """Uses the time until there is some."""
    for _ in later:
        if select.select([control], [], [], 0)[0]:
            return
    gc.freeze()
    select.select([control], [], [])


def serve(hello, code, replay, later, kept):
    own = os.open("/proc/self/ns/pid", os.O_RDONLY | os.O_CLOEXEC)
    control = socket.socket(fileno=CONTROL)
    while True:
        wait_for_work(control, later)
        name = control.recv(NAME_BYTES, socket.MSG_WAITALL)
        if name == b"":
            return wait_for_all()
        if len(name) != NAME_BYTES or name.strip(b"0123456789abcdef") != b"":
            sys.exit("what came from the repeater is no name of a call")
        # What is forked next is the first process of a new namespace; we stay where we are.
        checked(libc.unshare(CLONE_NEWPID))
        try:
            child = os.fork()
        except OSError as error:
            child = None  # The repeater waits in vain, and starts the program itself; the calls that run go on.
            print(error, file=sys.stderr, flush=True)
        if child == 0:
            control.detach()
            return call(name, hello, code, replay, kept)
        checked(libc.setns(own, CLONE_NEWPID))


def read_hello():
    said = b""
    while not said.endswith(b"\n"):
        part = os.read(CONTROL, 4096)
        said += part
        if not part or len(said) > HELLO_BYTES_MAX:
            sys.exit("nothing came from the repeater")
    return json.loads(said)


def identity(paths):
    """Tells whether a file or directory is still the same one."""
    found = {}
    for path in paths:
        try:
            status = os.stat(path)
        except OSError:
            continue
        found[path] = f"{status.st_ino} {status.st_mtime_ns} {status.st_size}"
    return found


def warm(hello):
    """Imports what the CLI would. Returns its version, what it was read from, the variables its import has set, and what
    can be done later, step by step."""
    before = dict(os.environ)
    # Not the directory of the entry script, of which nothing but that is shown here.
    looked_at = [sys.executable, hello["entry"], *(path for path in sys.path if path != os.path.dirname(hello["entry"]))]
    version, later = None, iter(())
    if hello["warm"] is not None:
        spec = importlib.util.spec_from_file_location("turret_warm", hello["warm"])
        module = importlib.util.module_from_spec(spec)
        spec.loader.exec_module(module)
        looked_at += module.installation()
        known = identity(looked_at)  # Before it is read: what changes meanwhile is not what we have.
        version, later = module.warm()
    else:
        known = identity(looked_at)
    return version, known, {name: value for name, value in os.environ.items() if before.get(name) != value}, later


def main():
    hello = read_hello()
    close_all_but([CONTROL])
    if not (sys.flags.isolated or getattr(sys.flags, "safe_path", False)):
        sys.path[0] = os.path.dirname(hello["entry"])
    with open(hello["entry"], "rb") as file:
        code = compile(file.read(), hello["entry"], "exec", dont_inherit=True)
    version, known, replay, later = warm(hello)
    signal.signal(signal.SIGCHLD, signal.SIG_IGN)
    gc.collect()
    gc.freeze()
    kept = check_forkable()
    os.write(CONTROL, json.dumps({"version": version, "identity": known}).encode() + b"\n")
    serve(hello, code, replay, later, kept)


main()
