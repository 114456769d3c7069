"""Drone's paging (`handler/api/repos/builds/list.go`): pages from 1, no total, no link, no cursor."""

from __future__ import annotations

import re
from typing import TypeVar

T = TypeVar("T")

DEFAULT = 25


def page_of(rows: list[T], page: str, per_page: str, maximum: int | None = 100) -> list[T]:
    """One page of `rows`; a size out of range gives 25, not the maximum, and a bad page the first."""
    size = _number(per_page)
    if size < 1 or (maximum is not None and size > maximum):
        size = DEFAULT
    start = max(0, _number(page) - 1) * size
    return rows[start : start + size]


def _number(text: str) -> int:
    return int(text) if re.fullmatch(r"-?[0-9]+", text) else 0
