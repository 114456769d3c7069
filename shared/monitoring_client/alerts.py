"""Alerts of running systems."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping


@dataclass(frozen=True, slots=True)
class SystemAlert:
    """An alert that fires.

    Attributes:
        since: when it began to fire (Unix time).
        labels: by name, `alertname` and `severity` among them as a rule.
        summary: what a person wrote about it.
        silenced: whether a person has silenced it.
        inhibited: whether another alert suppresses it.
    """

    since: float
    labels: Mapping[str, str] = field(default_factory=dict)
    summary: str = ""
    silenced: bool = False
    inhibited: bool = False

    @property
    def name(self) -> str:
        """Its name."""
        return self.labels.get("alertname", "")

    @property
    def severity(self) -> str:
        """Its severity, in the words of who wrote the rule; "" where they gave none."""
        return self.labels.get("severity", "")
