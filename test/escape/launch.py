# launch.py NEEDLE COMMAND… : what a login leaves behind for everything it starts: keys in the session's and the user's
# keyring, and an open file that nobody closed (descriptor 7).
import os, sys

from kernel import SESSION_KEYRING, USER_KEYRING, add_key, join_session_keyring, link_key

needle, command = sys.argv[1], sys.argv[2:]
join_session_keyring()
link_key(USER_KEYRING, SESSION_KEYRING)
for keyring in (SESSION_KEYRING, USER_KEYRING):
    add_key(keyring, "escape-needle", needle)
file = os.open(os.path.join(os.environ["HOME"], ".aws/credentials"), os.O_RDONLY)
os.dup2(file, 7)
os.execvp(command[0], command)
