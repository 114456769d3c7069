"""A command on a pseudo-terminal of 80 columns, as a person has it."""

from __future__ import annotations

import codecs
import fcntl
import os
import pty
import re
import select
import struct
import subprocess
import termios
import time
from contextlib import contextmanager
from typing import TYPE_CHECKING

from support.patience import PATIENCE

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence
    from pathlib import Path

COLUMNS, ROWS = 80, 50
LINK_ID = re.compile(r"\x1b\]8;id=[^;]*;")
SHOWN_AGAIN = "\x1b[?25h"  # the cursor, when what moves on the screen has been cleared


class Terminal:
    """A process and the terminal that it is on."""

    def __init__(self, process: subprocess.Popen[bytes], descriptor: int) -> None:
        self.process = process
        self.text = ""
        self._descriptor = descriptor
        self._decoder = codecs.getincrementaldecoder("utf-8")()
        self._end = time.monotonic() + PATIENCE

    def read_until(self, text: str, times: int = 1) -> None:
        """Read what is drawn until it has a text so many times."""
        while self.text.count(text) < times:
            assert self._read(), f"{text!r} is not in {self.text!r}"

    def type(self, text: str) -> None:
        """Type on the keyboard."""
        os.write(self._descriptor, text.encode())

    def read_to_end(self) -> str:
        """Return what stays on the screen after all that moves, with its colours."""
        while self._read():
            pass
        assert self.process.wait(PATIENCE) is not None
        stays = self.text.rpartition(SHOWN_AGAIN)[2].replace("\r\n", "\n")
        return LINK_ID.sub("\x1b]8;;", re.sub(r"\r?(?:\x1b\[1A|\x1b\[2K|\r)+", "", stays))

    def _read(self) -> bool:
        assert select.select([self._descriptor], [], [], self._end - time.monotonic())[0], self.text
        try:
            data = os.read(self._descriptor, 2**16)
        except OSError:  # Linux: the other side has closed
            return False
        self.text += self._decoder.decode(data)
        return bool(data)


@contextmanager
def on_terminal(command: Sequence[str], environment: Mapping[str, str], folder: Path) -> Iterator[Terminal]:
    """Run a command on a terminal; it is killed after the block."""
    ours, theirs = pty.openpty()
    fcntl.ioctl(theirs, termios.TIOCSWINSZ, struct.pack("HHHH", ROWS, COLUMNS, 0, 0))
    variables = {**environment, "TERM": "xterm-256color"}
    with subprocess.Popen(command, env=variables, cwd=folder, stdin=theirs, stdout=theirs, stderr=theirs) as process:
        os.close(theirs)
        try:
            yield Terminal(process, ours)
        finally:
            process.kill()
            os.close(ours)
