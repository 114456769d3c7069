"""Stands for a process that the warm parent forks: hands on its pipes and signals, and ends as that process ends.

python -I -S client.py ADDRESS -m MODULE ARGUMENT...
"""

import marshal
import os
import select
import signal
import socket
import sys

HANDED_ON = [
    getattr(signal, name) for name in ("SIGHUP", "SIGINT", "SIGQUIT", "SIGTERM", "SIGUSR1", "SIGUSR2", "SIGWINCH")
]

signal.pthread_sigmask(signal.SIG_BLOCK, HANDED_ON)  # until there is somebody to hand them on to
connection = socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET)
for number in HANDED_ON:
    signal.signal(number, lambda *_: None)
connection.connect("\0" + sys.argv[1])
order = marshal.dumps((sys.argv[2:], dict(os.environ), os.getcwd()))  # noqa: PTH109 - pathlib is slow to import
socket.send_fds(connection, [order], [0, 1, 2])
# The handler in C writes the signal's number. A handler in Python would run after the call that waits, thus never.
connection.setblocking(False)
signal.set_wakeup_fd(connection.fileno())
signal.pthread_sigmask(signal.SIG_UNBLOCK, HANDED_ON)
nothing = os.open(os.devnull, os.O_RDWR)
for descriptor in range(3):  # the pipes are the other's alone, so that they close when it closes them
    os.dup2(nothing, descriptor)
select.select([connection], [], [])
status = os.waitstatus_to_exitcode(int.from_bytes(connection.recv(4), "big"))
if status < 0:
    if -status != signal.SIGKILL:
        signal.signal(-status, signal.SIG_DFL)
    os.kill(os.getpid(), -status)
os._exit(status)
