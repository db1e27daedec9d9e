# A process of the same user, outside: has the needle in its environment, its memory, an open file and its directory, and
# hands it to whoever connects. In: argv[1], JSON. Out: one JSON line with what an attacker would have to find out; then a
# line for every datagram that arrives.
#   {"needle", "directory", "sockets": [path…], "abstract": name, "datagrams": path}
import ctypes, json, os, socket, socketserver, sys, threading

from kernel import MPTCP, may_be_traced_by_anybody

given = json.loads(sys.argv[1])
NEEDLE = given["needle"].encode()
memory = ctypes.create_string_buffer(NEEDLE)
os.chdir(given["directory"])
with open("secret", "wb") as secret:
    secret.write(NEEDLE)
held = os.open("secret", os.O_RDONLY)
may_be_traced_by_anybody()


class Hand(socketserver.BaseRequestHandler):
    def handle(self):
        self.request.settimeout(3)
        head = b"HTTP/1.0 200 OK\r\nContent-Length: %d\r\n\r\n" % len(NEEDLE)
        try:
            asked = self.request.recv(4096)
            self.request.sendall((head if asked.startswith(b"GET") else b"") + NEEDLE)
        except OSError:
            pass  # it left


class Tcp(socketserver.ThreadingTCPServer):
    allow_reuse_address = True
    daemon_threads = True


class Tcp6(Tcp):
    address_family = socket.AF_INET6


class Unix(socketserver.ThreadingUnixStreamServer):
    daemon_threads = True


class Udp(socketserver.ThreadingUDPServer):
    daemon_threads = True


class Answer(socketserver.BaseRequestHandler):
    def handle(self):
        self.request[1].sendto(NEEDLE, self.client_address)


class Datagrams(socketserver.UnixDatagramServer):
    pass


class Tell(socketserver.BaseRequestHandler):
    def handle(self):
        print(json.dumps({"datagram": self.request[0].decode()}), flush=True)


for path in given["sockets"]:
    os.makedirs(os.path.dirname(path), exist_ok=True)
servers = [Unix(path, Hand) for path in given["sockets"]]
servers += [Unix("\0" + given["abstract"], Hand), Datagrams(given["datagrams"], Tell)]
for address in ["169.254.169.254", "169.254.170.2"]:
    servers.append(Tcp((address, 80), Hand))
servers.append(Tcp(("198.51.100.7", 443), Hand))
loopback, loopback6, udp = Tcp(("127.0.0.1", 0), Hand), Tcp6(("::1", 0), Hand), Udp(("127.0.0.1", 0), Answer)
for server in [*servers, loopback, loopback6, udp]:
    threading.Thread(target=server.serve_forever, daemon=True).start()
print(
    json.dumps(
        {
            "pid": os.getpid(),
            "address": ctypes.addressof(memory),
            "descriptor": held,
            "port": loopback.server_address[1],
            "port6": loopback6.server_address[1],
            "udp": udp.server_address[1],
        }
    ),
    flush=True,
)
sys.stdin.read()  # until whoever started us is gone
