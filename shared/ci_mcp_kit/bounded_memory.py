"""What a process remembers of the answers of a service: the newest entries, so that it cannot grow without end."""

from __future__ import annotations

from typing import TypeVar

from typing_extensions import override

K = TypeVar("K")
V = TypeVar("V")


class Memory(dict[K, V]):
    """A dictionary that forgets the entry which was set first once it holds more than `most`."""

    def __init__(self, most: int) -> None:
        super().__init__()
        self._most = most

    @override
    def __setitem__(self, key: K, value: V) -> None:
        self.pop(key, None)  # the newest is the last
        super().__setitem__(key, value)
        if len(self) > self._most:
            del self[next(iter(self))]
