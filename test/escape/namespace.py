# namespace.py COMMAND… : makes the machine that the escape tests run on, then runs the command. Started in network and mount
# namespaces of its own: what it adds exists for nobody else and ends with the last process.
#   an address that is no loopback, with cloud metadata addresses beside it; an empty /run and /usr/src that everybody may write.
import fcntl, os, socket, struct, subprocess, sys

ADDRESSES = ["169.254.169.254", "169.254.170.2", "198.51.100.7"]
SIOCSIFADDR, SIOCGIFFLAGS, SIOCSIFFLAGS, UP = 0x8916, 0x8913, 0x8914, 1

with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as control:
    for index, address in enumerate(["127.0.0.1", *ADDRESSES]):
        name = b"lo" if index == 0 else b"lo:%d" % index
        wanted = struct.pack("16sHH4s8x", name, socket.AF_INET, 0, socket.inet_aton(address))
        if index > 0:
            fcntl.ioctl(control, SIOCSIFADDR, wanted)
        flags = struct.unpack("16sH", fcntl.ioctl(control, SIOCGIFFLAGS, struct.pack("16sH14x", name, 0))[:18])[1]
        fcntl.ioctl(control, SIOCSIFFLAGS, struct.pack("16sH14x", name, flags | UP))
for place in ["/run", "/usr/src"]:
    subprocess.run(["mount", "-t", "tmpfs", "-o", "mode=1777", "escape", place], check=True)
with open("/proc/sys/net/ipv4/ip_unprivileged_port_start", "w") as ports:
    ports.write("0")
os.execvp(sys.argv[1], sys.argv[1:])
