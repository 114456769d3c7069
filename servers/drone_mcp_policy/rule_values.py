"""Reads the values of a rule file strictly. Pure: a wrong value raises a ValueError with a message for people."""

from __future__ import annotations

import re
from datetime import UTC
from typing import TYPE_CHECKING, Any, Final

from ci_mcp_kit.outgoing_text import one_line
from ci_mcp_kit.suggesting import suggest
from drone_mcp_policy.rules import LONGEST_BACK_OFF, MOST_RETRIES, Times

if TYPE_CHECKING:
    from collections.abc import Iterable
    from datetime import tzinfo

EVENTS: Final = ("push", "pull_request", "tag", "promote", "rollback", "cron", "custom")
_LONGEST_PATTERN = 500  # characters
_PATTERN_MEMORY = 1 << 20  # bytes for one expression; the default of RE2 is 8 MiB, and a file may have 200 rules
_UNITS = {"s": 1, "m": 60, "h": 3600}
_RULE_NAME = re.compile(r"[a-z][a-z0-9-]{0,39}")
_TOOL_NAME = re.compile(r"[a-z][a-z0-9_]{0,63}")
_LARGEST_CODE = 255  # a process hands on eight bits of its exit status
_MOST_ITEMS = 100  # of one list


def read_items(value: Any) -> list[Any]:
    """Read one value or a list of them."""
    items = value if isinstance(value, list) else [value]
    if not items or len(items) > _MOST_ITEMS:
        raise ValueError("the list is empty; leave the key out instead" if not items else "the list is too long")
    return items


def read_text(value: Any) -> str:
    """Read a text."""
    if not isinstance(value, str) or not value.strip():
        # YAML reads an unquoted 12 or `no` as a number or a boolean.
        hint = "; put it in quotes" if isinstance(value, (int, bool)) else ""
        raise ValueError(f"{describe_found(value)} where text belongs{hint}")
    return value


def describe_found(value: Any) -> str:
    """Describe a wrong value."""
    if value is None:
        return "found nothing"
    if isinstance(value, (dict, list)):
        return "found a mapping" if isinstance(value, dict) else "found a list"
    return f"found {one_line(str(value).lower() if isinstance(value, bool) else str(value), 40)!r}"


def read_texts(value: Any) -> tuple[str, ...]:
    """Read one text or several."""
    return tuple(read_text(item) for item in read_items(value))


def read_word(value: Any, known: Iterable[str]) -> str:
    """Read one of the words that are known."""
    names = list(known)
    if read_text(value) not in names:
        raise ValueError(f"{describe_found(value)}. {suggest(value, names, 'It takes')}")
    return str(value)


def read_words(value: Any, known: Iterable[str]) -> tuple[str, ...]:
    """Read one or several of the words that are known."""
    names = list(known)
    return tuple(read_word(item, names) for item in read_items(value))


def read_rule_name(value: Any) -> str:
    """Read a rule's name."""
    if not _RULE_NAME.fullmatch(read_text(value)):
        raise ValueError(f"{describe_found(value)}, but it takes small letters, digits and '-', starting with a letter")
    return str(value)


def read_tool_names(value: Any) -> tuple[str, ...]:
    """Read names of tools; an empty list is allowed."""
    names = read_texts(value) if value != [] else ()
    for name in names:
        if not _TOOL_NAME.fullmatch(name):
            raise ValueError(f"{describe_found(name)}, but it takes names of tools: small letters, digits and '_'")
    return names


def read_exit_codes(value: Any) -> tuple[tuple[int, int], ...]:
    """Read exit codes: 137, or "128-143"."""
    codes = []
    for item in read_items(value):
        match = re.fullmatch(r"(\d{1,3})(?:-(\d{1,3}))?", str(item), re.ASCII) if not isinstance(item, bool) else None
        low, high = (int(match[1]), int(match[2] or match[1])) if match else (1, 0)
        if not low <= high <= _LARGEST_CODE:
            raise ValueError(
                f"{describe_found(item)}, but it takes an exit code from 0 to 255, or a range like 128-143"
            )
        codes.append((low, high))
    return tuple(codes)


def read_times(value: Any) -> tuple[Times, ...]:
    """Read parts of the day: "08:00-18:00"."""
    clock = r"([01]\d|2[0-3]):([0-5]\d)"
    times = []
    for item in read_items(value):
        match = re.fullmatch(f"{clock}-(?:{clock}|24:00)", str(item), re.ASCII)
        if not match:
            raise ValueError(
                f"{describe_found(item)}, but it takes a part of the day, like '08:00-18:00' or '22:00-06:00'"
            )
        start = int(match[1]) * 60 + int(match[2])
        end = int(match[3]) * 60 + int(match[4]) if match[3] else 24 * 60
        if start == end:
            raise ValueError(f"{describe_found(item)}, which is no time at all; leave the key out for the whole day")
        times.append(Times(start, end))
    return tuple(times)


def read_duration(value: Any) -> int:
    """Read a duration: 90s, 5m, 1h."""
    match = re.fullmatch(r"(\d{1,5})([smh])", str(value), re.ASCII)
    length = int(match[1]) * _UNITS[match[2]] if match else 0
    if not 1 <= length <= LONGEST_BACK_OFF:
        raise ValueError(f"{describe_found(value)}, but it takes a time from 1s to 1h, like 90s or 5m")
    return length


def read_retries(value: Any) -> int:
    """Read how many retries a commit gets."""
    return _read_number(value, MOST_RETRIES)


def read_hourly_limit(value: Any) -> int:
    """Read how many retries a branch gets in an hour."""
    return _read_number(value, 100)


def _read_number(value: Any, most: int) -> int:
    # A boolean is an int in Python, and `yes` is a boolean in YAML 1.1.
    if isinstance(value, bool) or not isinstance(value, int) or not 1 <= value <= most:
        raise ValueError(f"{describe_found(value)}, but it takes a number from 1 to {most}")
    return value


def read_pattern(value: Any) -> Any:
    """Read a regular expression of RE2, upper and lower case alike: linear in the text, whatever it says."""
    import re2  # type: ignore[import-untyped]  # noqa: PLC0415 - it has no types; on first use, to start fast

    if len(read_text(value)) > _LONGEST_PATTERN:
        raise ValueError(f"the expression is longer than {_LONGEST_PATTERN} characters")
    options = re2.Options()
    options.case_sensitive = False
    options.log_errors = False  # RE2 would write them to stderr
    options.max_mem = _PATTERN_MEMORY
    try:
        return re2.compile(value, options)
    # RE2 works on UTF-8, which has no lone surrogates.
    except (re2.error, UnicodeEncodeError) as wrong:
        said = wrong.args[0] if wrong.args else ""
        why = one_line(said.decode(errors="replace") if isinstance(said, bytes) else str(said), 120)
        raise ValueError(f"{describe_found(value)}, which is not an RE2 expression: {why}") from None


def read_time_zone(value: Any) -> tzinfo:
    """Read a time zone by its name."""
    from zoneinfo import ZoneInfo  # noqa: PLC0415 - on first use, to start fast

    if value == "UTC":
        return UTC  # without a database of zones
    try:
        return ZoneInfo(read_text(value))
    # ZoneInfo raises KeyError for an unknown name, OSError for that of a directory, like "Europe", and ValueError for a
    # path that leaves the database.
    except (OSError, KeyError, ValueError):
        raise ValueError(
            f"{describe_found(value)}, which is not a time zone that is known here; it takes UTC or Area/City"
        ) from None
