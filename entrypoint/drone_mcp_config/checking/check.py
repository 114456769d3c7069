"""The result of one check of `doctor`: a line, and how to fix it."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import Any, Literal

Status = Literal["ok", "warning", "failed", "skipped"]


@dataclass(frozen=True)
class Check:
    """One thing that was checked.

    Attributes:
        mend: how to fix it; "" where nothing is wrong. The name is a key of `doctor --json`.
        seconds: how long it took, where that matters.
    """

    name: str
    status: Status
    detail: str
    mend: str = ""
    seconds: float | None = None

    def as_data(self) -> dict[str, Any]:
        """Return it for `--json`."""
        return asdict(self)
