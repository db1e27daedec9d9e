# The agent that tries. Makes every attempt of isolation once and says of each whether it got the needle; leaves nothing.
# In: argv[1], a JSON file, waited for. Out: one JSON line {"tries": [{"row", "try", "reached", "said"}], "works": {…}}.
import glob, json, os, shutil, signal, socket, subprocess, sys, time

import kernel

sys.path.pop(0)
TRIES = []
CONNECT_S = 15


def waited_for(path):
    while not os.path.exists(path):
        time.sleep(0.02)
    with open(path) as file:
        return json.load(file)


if "TURRET_TOKEN" in os.environ:  # a repeater starts, and has its key, when it is asked first
    for asked in (["aws", "s3", "ls"], ["turret", "call", "echo.say", "text=up"]):
        subprocess.run(asked, capture_output=True)
given = waited_for(sys.argv[1])
NEEDLE, HOME, WORK, PIDS = given["needle"], given["home"], given["workspace"], given["pids"]
CREDENTIALS = os.path.join(HOME, ".aws/credentials")


def attempt(row, title):
    """The function returns whether the needle was there; an exception means that something was in the way."""

    def register(function):
        TRIES.append((row, title, function))
        return function

    return register


def has_needle(path):
    with open(path, "rb") as file:
        return NEEDLE.encode() in file.read(1 << 20)


def any_of(items, function):
    """Whether one of them had it. Raises what the last one raised when none could be looked at."""
    failure, looked = None, False
    for item in items:
        try:
            if function(item):
                return True
            looked = True
        except OSError as error:
            failure = error
    if failure is not None and not looked:
        raise failure
    return False


def every_process():
    return [int(name) for name in os.listdir("/proc") if name.isdigit() and int(name) != os.getpid()]


def with_threads(pids):
    """Below /proc: each process, and each of its threads, which may have given up other rights than the rest of it."""
    threads = [path.removeprefix("/proc/") for pid in pids for path in glob.glob(f"/proc/{pid}/task/*")]
    return [*map(str, pids), *threads]


def in_child(function):
    """What the function returned in a process of its own: what it changes there is gone with it."""
    back, forth = os.pipe()
    pid = os.fork()
    if pid == 0:
        kernel.own_mounts()
        try:
            said = "reached" if function() else "nothing there"
        except OSError as error:
            said = f"errno {error.errno}"
        os.write(forth, said.encode())
        os._exit(0)
    os.close(forth)
    with os.fdopen(back) as answer:
        said = answer.read()
    os.waitpid(pid, 0)
    if said.startswith("errno "):
        raise OSError(int(said[6:]), os.strerror(int(said[6:])))
    return said == "reached"


# 1, 2: environments


@attempt(1, "environ of a process by its id, and of its threads")
def _():
    return any_of(with_threads(PIDS), lambda one: has_needle(f"/proc/{one}/environ"))


@attempt(2, "environ of every process there is and of its threads, the first one included")
def _():
    return any_of(with_threads(every_process()), lambda one: has_needle(f"/proc/{one}/environ"))


# 3: memory


def memory_has_needle(one):
    if one.split("/")[0] == str(given["neighbour"]["pid"]):
        with open(f"/proc/{one}/mem", "rb", 0) as memory:
            memory.seek(given["neighbour"]["address"])
            return NEEDLE.encode() in memory.read(len(NEEDLE))
    with open(f"/proc/{one}/maps") as maps, open(f"/proc/{one}/mem", "rb", 0) as memory:
        for line in maps:
            start, end = (int(word, 16) for word in line.split()[0].split("-"))
            if " rw" in line and end - start < 1 << 28:
                memory.seek(start)
                try:
                    if NEEDLE.encode() in memory.read(end - start):
                        return True
                except OSError:
                    pass  # a piece of it that is not there
    return False


@attempt(3, "/proc/PID/mem, and of its threads")
def _():
    return any_of(with_threads(PIDS), memory_has_needle)


@attempt(3, "process_vm_readv")
def _():
    pid, address = given["neighbour"]["pid"], given["neighbour"]["address"]
    return NEEDLE.encode() in kernel.read_process(pid, address, len(NEEDLE))


@attempt(3, "PTRACE_SEIZE")
def _():
    return in_child(lambda: any_of(PIDS, lambda pid: kernel.seize(pid) is None))


@attempt(3, "pidfd_getfd")
def _():
    fd = kernel.descriptor_of(given["neighbour"]["pid"], given["neighbour"]["descriptor"])
    return NEEDLE.encode() in os.pread(fd, 1000, 0)


# 4: through /proc into somebody's files

EVERYBODY = with_threads([*PIDS, *every_process()])


@attempt(4, "/proc/PID/root, and of its threads")
def _():
    return any_of(EVERYBODY, lambda one: has_needle(f"/proc/{one}/root{CREDENTIALS}"))


@attempt(4, "/proc/PID/cwd, and of its threads")
def _():
    return any_of(EVERYBODY, lambda one: has_needle(f"/proc/{one}/cwd/secret"))


@attempt(4, "/proc/PID/fd, and of its threads")
def _():
    def descriptors(one):
        return any_of([path for path in glob.glob(f"/proc/{one}/fd/*") if os.path.isfile(path)], has_needle)

    return any_of(EVERYBODY, descriptors)


# 5: the inspector of a Node process


def inspector_answers():
    with socket.create_connection(("127.0.0.1", 9229), CONNECT_S) as one:
        one.sendall(b"GET /json HTTP/1.0\r\nHost: 127.0.0.1:9229\r\n\r\n")
        one.settimeout(CONNECT_S)
        with one.makefile("rb") as answer:
            return any(b"webSocketDebuggerUrl" in line for line in answer)


def open_inspector(pids, patience_s):
    any_of(pids, lambda pid: os.kill(pid, signal.SIGUSR1) is None)
    waiting = time.monotonic() + patience_s
    while time.monotonic() < waiting:
        try:
            return inspector_answers()
        except ConnectionRefusedError:
            time.sleep(0.025)
    return inspector_answers()


@attempt(5, "SIGUSR1 opens the inspector")
def _():
    return open_inspector([given["node"]], 10)


# 6, 7, 8: files

for name in given["files"]:
    attempt(6, f"~/{name}")(lambda name=name: has_needle(os.path.join(HOME, name)))
for name in given["histories"]:
    attempt(8, f"~/{name}")(lambda name=name: has_needle(os.path.join(HOME, name)))


@attempt(7, "where a symbolic link in HOME leads")
def _():
    return has_needle(given["dotfiles"])


@attempt(7, "the file that AWS_SHARED_CREDENTIALS_FILE names, outside of HOME")
def _():
    return has_needle(given["elsewhere"])


@attempt(7, "a symbolic link in the workspace")
def _():
    link = os.path.join(WORK, "link")
    os.symlink(CREDENTIALS, link)
    try:
        return has_needle(link)
    finally:
        os.unlink(link)


@attempt(7, "a hard link into the workspace")
def _():
    link = os.path.join(WORK, "hard")
    os.link(CREDENTIALS, link)
    try:
        return has_needle(link)
    finally:
        os.unlink(link)


@attempt(7, "the way around by ..")
def _():
    return has_needle(os.path.join(WORK, os.path.relpath(CREDENTIALS, WORK)))


# 9: what is mounted over the files is lifted


@attempt(9, "umount of HOME")
def _():
    return in_child(lambda: kernel.detach(HOME) or has_needle(CREDENTIALS))


def lift_everything():
    with open("/proc/self/mountinfo") as mounts:
        places = [line.split()[4] for line in mounts]
    refused = None
    for place in reversed(places):
        try:
            kernel.detach(place)
        except OSError as error:
            refused = error
    if refused is not None and not os.path.exists(CREDENTIALS):
        raise refused
    return has_needle(CREDENTIALS)


def as_root_too(way):
    """By itself, or else as root of a user namespace."""
    try:
        return way()
    except OSError:
        kernel.own_namespace()
        return way()


@attempt(9, "umount of everything, also as root of a namespace")
def _():
    return in_child(lambda: as_root_too(lift_everything))


BELOW = os.path.join(WORK, "below")


def uncover():
    kernel.bind(os.path.dirname(HOME), BELOW)
    return has_needle(os.path.join(BELOW, os.path.relpath(CREDENTIALS, os.path.dirname(HOME))))


@attempt(9, "a second view of the directory above HOME, also as root of a namespace")
def _():
    os.mkdir(BELOW)
    try:
        return in_child(lambda: as_root_too(uncover))
    finally:
        os.rmdir(BELOW)


# 10, 11, 12: Unix sockets


def says_needle(one):
    one.settimeout(CONNECT_S)
    one.sendall(b"give")
    return NEEDLE.encode() in one.recv(4096)


def connects_unix(address):
    with socket.socket(socket.AF_UNIX) as one:
        one.settimeout(CONNECT_S)
        one.connect(address)
        return says_needle(one)


for name, path in given["sockets"].items():
    attempt(10, name)(lambda path=path: connects_unix(path))
attempt(10, "a daemon of an agent, started after the session")(lambda: connects_unix(given["late"]))


@attempt(11, "an abstract socket")
def _():
    return connects_unix("\0" + given["abstract"])


@attempt(12, "a datagram socket")
def _():
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as one:
        return one.sendto(given["datagram"].encode(), given["datagrams"]) > 0


@attempt(12, "one of a pair of datagram sockets")
def _():
    pair = socket.socketpair(socket.AF_UNIX, socket.SOCK_DGRAM)
    return pair[0].sendto(given["datagram"].encode(), given["datagrams"]) > 0


# 13, 14: the network


def connects_tcp(address, port, protocol=0):
    family = socket.AF_INET6 if ":" in address else socket.AF_INET
    with socket.socket(family, socket.SOCK_STREAM, protocol) as one:
        one.settimeout(CONNECT_S)
        one.connect((address, port))
        return says_needle(one)


def connects_fast(address, port):
    with kernel.send_fast_open(address, port, b"give") as one:
        return NEEDLE.encode() in one.recv(4096)


for address in given["metadata"]:
    attempt(13, f"{address} by TCP")(lambda address=address: connects_tcp(address, 80))
    attempt(13, f"{address} by multipath TCP")(lambda address=address: connects_tcp(address, 80, kernel.MPTCP))
    attempt(13, f"{address} by TCP fast open")(lambda address=address: connects_fast(address, 80))
attempt(14, "127.0.0.1 by TCP")(lambda: connects_tcp("127.0.0.1", given["neighbour"]["port"]))
attempt(14, "[::1] by TCP")(lambda: connects_tcp("::1", given["neighbour"]["port6"]))
attempt(14, "127.0.0.1 by multipath TCP")(lambda: connects_tcp("127.0.0.1", given["neighbour"]["port"], kernel.MPTCP))
attempt(14, "127.0.0.1 by TCP fast open")(lambda: connects_fast("127.0.0.1", given["neighbour"]["port"]))


@attempt(14, "127.0.0.1 by UDP")
def _():
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as one:
        one.settimeout(CONNECT_S)
        one.connect(("127.0.0.1", given["neighbour"]["udp"]))
        return says_needle(one)


# 15: the kernel's keys

attempt(15, "the session's keyring")(lambda: kernel.read_key(kernel.SESSION_KEYRING, "escape-needle") == NEEDLE)
attempt(15, "the user's keyring")(lambda: kernel.read_key(kernel.USER_KEYRING, "escape-needle") == NEEDLE)


# 17: the policy


def rewrites(path):
    with open(path, "a") as file:
        file.write("# changed by the agent\n")
    return True


@attempt(17, "write the policy outside the workspace")
def _():
    return rewrites(given["policy"])


@attempt(17, "write the policy in the workspace")
def _():
    return rewrites(given["policyInWorkspace"])


@attempt(17, "put another in its place")
def _():
    with open(given["policyInWorkspace"] + ".new", "w") as file:
        file.write("# the agent's\n")
    os.rename(given["policyInWorkspace"] + ".new", given["policyInWorkspace"])
    return True


@attempt(17, "rename the directory above it, and make it again")
def _():
    directory = os.path.dirname(given["policyInWorkspace"])
    os.rename(directory, directory + ".old")
    os.mkdir(directory)
    with open(given["policyInWorkspace"], "w") as file:
        file.write("# the agent's\n")
    return True


# 19: what was inherited, and what a program could add


def status(field):
    with open("/proc/self/status") as lines:
        return next(line.split(":")[1].strip() for line in lines if line.startswith(field + ":"))


attempt(19, "variables of the environment")(lambda: any(NEEDLE in value for value in os.environ.values()))
attempt(19, "an open descriptor")(
    lambda: any_of(range(3, 10), lambda fd: NEEDLE.encode() in os.pread(fd, 1000, 0))
)
attempt(19, "set-id programs count (no_new_privs is off)")(lambda: status("NoNewPrivs") == "0")
if os.getuid() == 0:
    attempt(19, "a capability")(lambda: int(status("CapEff"), 16) != 0)
if given["setuid"] is not None and os.getuid() != 0:

    @attempt(19, "a program of root with the set-user-id bit")
    def _():
        said = subprocess.run([given["setuid"], "-u"], capture_output=True, text=True)
        return said.stdout.strip() == "0"


def works():
    """What must go on working, beside what is stopped."""

    def said(*command):
        done = subprocess.run(command, capture_output=True, text=True, cwd=WORK)
        return done.stdout.strip() if done.returncode == 0 else f"{done.returncode}: {done.stderr.strip()[-200:]}"

    def own_file():
        with open(os.path.join(WORK, "own"), "w") as file:
            file.write("mine")
        os.unlink(os.path.join(WORK, "own"))
        return "mine"

    def far_service():
        try:
            return "reached" if connects_tcp("198.51.100.7", 443) else "nothing there"
        except OSError as error:
            return error.strerror

    def from_a_daemon():
        script = f'(setsid sh -c "turret call echo.say text=daemon > {WORK}/daemon 2>&1; echo >> {WORK}/daemon.done" &)'
        subprocess.run(["sh", "-c", script])
        waiting = time.monotonic() + 60
        while not os.path.exists(f"{WORK}/daemon.done") and time.monotonic() < waiting:
            time.sleep(0.02)
        os.unlink(f"{WORK}/daemon.done")
        with open(f"{WORK}/daemon") as file:
            answer = file.read().strip()
        os.unlink(f"{WORK}/daemon")
        return answer

    child = "process.stdout.write(String(require('child_process').execFileSync('echo', ['child'])))"
    sandbox = ["bwrap", "--unshare-user", "--unshare-pid", "--ro-bind", "/", "/", "--proc", "/proc", "--dev", "/dev"]
    return {
        "workspace": own_file(),
        "broker": said("turret", "call", "echo.say", "text=asked"),
        "daemon": from_a_daemon(),
        "denied": said("turret", "call", "echo.fail", "exit=0").split(":")[0],
        "child": said(given["nodeProgram"], "-e", child),
        "sandbox": said(*sandbox, "echo", "nested"),
        "far": far_service(),
        "inspector": ownInspector,
        "token": os.environ["TURRET_TOKEN"],
        "socket": os.path.join(os.path.dirname(os.path.dirname(shutil.which("turret"))), "agent.sock"),
    }


def own_inspector():
    try:
        return open_inspector(given["turret"], 1)
    except OSError as error:
        return error.strerror


def made(row, title, function):
    try:
        reached, said = bool(function()), ""
    except OSError as error:
        reached, said = False, error.strerror or str(error)
    return {"row": row, "try": title, "reached": reached, "said": said if not reached else ""}


# Before anything has an inspector open.
ownInspector = own_inspector() if given["turret"] else False
wanted = given["rows"]
report = [made(*one) for one in TRIES if one[0] in wanted]
print(json.dumps({"tries": report, "works": works() if given["turret"] else {}}), flush=True)
if given["orphan"] is not None:
    if os.fork() == 0:
        os.setsid()
        if os.fork() == 0:
            os.execvp("sleep", ["sleep", given["orphan"]])
        os._exit(0)
signal.pause()  # until somebody ends us
