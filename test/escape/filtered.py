# filtered.py FILE COMMAND… : runs the command under the seccomp filter in the file.
import ctypes, os, sys

from kernel import call

with open(sys.argv[1], "rb") as file:
    code = file.read()
program = ctypes.create_string_buffer(code)
call("prctl", 38, 1, 0, 0, 0)  # NO_NEW_PRIVS
call("prctl", 22, 2, (ctypes.c_uint64 * 2)(len(code) // 8, ctypes.addressof(program)), 0, 0)  # SECCOMP, by filter
os.execvp(sys.argv[2], sys.argv[2:])
