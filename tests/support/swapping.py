"""An attacker who exchanges a folder and a symbolic link all the time."""

from __future__ import annotations

import ctypes
import os
import threading
from contextlib import contextmanager
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

# https://man7.org/linux/man-pages/man2/rename.2.html
AT_FDCWD: Final = -100
RENAME_EXCHANGE: Final = 2


@contextmanager
def swapping(one: Path, other: Path) -> Iterator[None]:
    """Exchange two paths until the block ends; none of them is missing at any moment."""
    stop = threading.Event()
    first, second = os.fsencode(one), os.fsencode(other)
    exchange = ctypes.CDLL(None).renameat2

    def swap() -> None:
        while not stop.is_set():
            exchange(AT_FDCWD, first, AT_FDCWD, second, RENAME_EXCHANGE)

    attacker = threading.Thread(target=swap)
    attacker.start()
    try:
        yield
    finally:
        stop.set()
        attacker.join()
