# typist.py DIRECTORY: types commands into the terminal it runs on, each by another way, for the shell to run when we are
# gone. Out: a line for each that the kernel refused.
import os, sys

import kernel

WAYS = {
    "stdin": (0, 0x5412),
    "stdout": (1, 0x5412),
    "stderr": (2, 0x5412),
    "tty": (os.open("/dev/tty", os.O_RDWR), 0x5412),
    "high-bits": (0, (1 << 32) | 0x5412),
}
for name, (fd, command) in WAYS.items():
    try:
        kernel.type_into(fd, f"touch {sys.argv[1]}/typed-{name}\n", command)
    except OSError as error:
        print(f"{name}: {error.strerror}")
