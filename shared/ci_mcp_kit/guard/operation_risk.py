"""Operations and their risks."""

from __future__ import annotations

from dataclasses import dataclass
from enum import IntEnum


class Risk(IntEnum):
    """The harm of a mistake: `low` costs machine time, `medium` lets code run or not, `high` destroys work."""

    LOW = 1
    MEDIUM = 2
    HIGH = 3

    @property
    def word(self) -> str:
        """The word that settings use."""
        return self.name.lower()


@dataclass(frozen=True, slots=True)
class Operation:
    """One kind of change.

    Attributes:
        name: a verb, as settings and role files name it; one that names several things has the thing in it: set_secret.
        call: the operation of the call that it sends.
        risk: of doing it by mistake.
        thing: what it changes, for sentences, where that is not the `thing` of the guard.
        verb: for sentences, where the name is none.
        also: the operations of calls that it may send besides, or in place of that.
    """

    name: str
    call: str
    risk: Risk
    thing: str = ""
    verb: str = ""
    also: tuple[str, ...] = ()

    def sends(self, call: str) -> bool:
        """Return whether it may send a call of this operation."""
        return call == self.call or call in self.also

    def describe(self, thing: str) -> str:
        """Return the operation on things in general, for a sentence; `thing` is that of the guard."""
        one = self.thing or thing
        many = f"{one[:-1]}ies" if one.endswith("y") else f"{one}s"
        return f"{self.verb or self.name} {many}"


def by_name(*operations: Operation) -> dict[str, Operation]:
    """Return the operations of a domain by their names."""
    return {operation.name: operation for operation in operations}
