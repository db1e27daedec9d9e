# System calls that Python has no function for, by their numbers. Each raises OSError as Python's own do.
import ctypes, os, platform, socket, struct

X64 = platform.machine() == "x86_64"
NUMBERS = {
    "ptrace": (101, 117), "process_vm_readv": (310, 270), "pidfd_getfd": (438, 438), "mount": (165, 40),
    "umount2": (166, 39), "unshare": (272, 97), "add_key": (248, 217), "keyctl": (250, 219),
    "ioctl": (16, 29), "prctl": (157, 167),
}
MNT_DETACH, MS_BIND = 2, 4096
NEWUSER, NEWNS = 0x10000000, 0x00020000
MPTCP, FAST_OPEN = 262, 0x20000000
libc = ctypes.CDLL(None, use_errno=True)
libc.syscall.restype = ctypes.c_long


def call(name, *args):
    words = [ctypes.c_long(a) if isinstance(a, int) else a for a in args]
    done = libc.syscall(ctypes.c_long(NUMBERS[name][0 if X64 else 1]), *words)
    if done < 0:
        errno = ctypes.get_errno()
        raise OSError(errno, os.strerror(errno))
    return done


def read_process(pid, address, length):
    into = ctypes.create_string_buffer(length)
    mine = (ctypes.c_uint64 * 2)(ctypes.addressof(into), length)
    theirs = (ctypes.c_uint64 * 2)(address, length)
    call("process_vm_readv", pid, mine, 1, theirs, 1, 0)
    return into.raw


def seize(pid):
    call("ptrace", 0x4206, pid, 0, 0)


def descriptor_of(pid, fd):
    return call("pidfd_getfd", os.pidfd_open(pid), fd, 0)


def detach(path):
    call("umount2", ctypes.c_char_p(os.fsencode(path)), MNT_DETACH)


def bind(source, target):
    words = [ctypes.c_char_p(os.fsencode(path)) for path in (source, target)]
    call("mount", words[0], words[1], 0, MS_BIND, 0)


def own_namespace():
    """A user and a mount namespace in which we are root."""
    uid, gid = os.getuid(), os.getgid()
    call("unshare", NEWUSER | NEWNS)
    for name, text in [("setgroups", "deny"), ("uid_map", f"0 {uid} 1"), ("gid_map", f"0 {gid} 1")]:
        with open(f"/proc/self/{name}", "w") as file:
            file.write(text)


def own_mounts():
    """So that others keep theirs; not for who may not, and who may not has none to lift."""
    try:
        call("unshare", NEWNS)
    except OSError:
        pass


SESSION_KEYRING, USER_KEYRING = -3, -4


def add_key(keyring, description, secret):
    kind, name = ctypes.c_char_p(b"user"), ctypes.c_char_p(description.encode())
    key = call("add_key", kind, name, ctypes.c_char_p(secret.encode()), len(secret), keyring)
    call("keyctl", 5, key, 0x3F3F0000)  # SETPERM: the owner may do everything, without possessing it
    call("keyctl", 15, key, 120)  # SET_TIMEOUT, in seconds


def join_session_keyring():
    call("keyctl", 1, 0)


def link_key(key, keyring):
    call("keyctl", 8, key, keyring)


def read_key(keyring, description):
    key = call("keyctl", 10, keyring, ctypes.c_char_p(b"user"), ctypes.c_char_p(description.encode()), 0)  # SEARCH
    into = ctypes.create_string_buffer(256)
    length = call("keyctl", 11, key, into, 256)  # READ
    return into.raw[:length].decode()


def type_into(fd, text, command=0x5412):
    """TIOCSTI, one character after the other."""
    for character in text.encode():
        call("ioctl", fd, command, ctypes.create_string_buffer(bytes([character])))


def send_fast_open(address, port, data):
    """Connects and sends in one call; the socket."""
    one = socket.socket()
    one.sendto(data, FAST_OPEN, (address, port))
    one.settimeout(2)
    return one


def may_be_traced_by_anybody():
    """What Yama, where it is, would forbid to a process that is no descendant."""
    try:
        call("prctl", 0x59616D61, -1, 0, 0, 0)
    except OSError:
        pass  # no Yama
