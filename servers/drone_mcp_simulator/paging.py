"""Drone's paging (harness/drone v2.25.0, `handler/api/repos/builds/list.go`).

Pages count from 1; there is no total, link or cursor.
"""

from __future__ import annotations

import re
from typing import TypeVar

T = TypeVar("T")

DEFAULT = 25


def select_page(rows: list[T], page: str, per_page: str, maximum: int | None = 100) -> list[T]:
    """Return one page of `rows`; an invalid size counts as 25, not as the maximum, an invalid page as the first."""
    size = _parse_number(per_page)
    if size < 1 or (maximum is not None and size > maximum):
        size = DEFAULT
    start = max(0, _parse_number(page) - 1) * size
    return rows[start : start + size]


def _parse_number(text: str) -> int:
    return int(text) if re.fullmatch(r"-?[0-9]+", text) else 0
