# daemon.py NEEDLE PATH: hands the needle to whoever connects. Out: a line when it can be connected to.
import os, socket, sys

needle, path = sys.argv[1], sys.argv[2]
os.makedirs(os.path.dirname(path), exist_ok=True)
if os.path.exists(path):
    os.unlink(path)
with socket.socket(socket.AF_UNIX) as server:
    server.bind(path)
    server.listen()
    print("up", flush=True)
    while True:
        client, _ = server.accept()
        with client:
            client.recv(100)
            client.sendall(needle.encode())
