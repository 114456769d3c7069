"""The signature of a failure: a short name that stays the same when it happens again. Pure.

Two failures are the same if the lines that describe them are equal after masking all that differs from run to run:
numbers, times, ids, the folders before a file's name. The choice of these lines must not depend on the caller's budget
or on other builds, so a signature is taken from an excerpt of its own.
"""

from __future__ import annotations

import hashlib
import re
from typing import TYPE_CHECKING

from ci_mcp_logs.ci_markup import stamp_of
from ci_mcp_logs.evidence import complaints_in

if TYPE_CHECKING:
    from collections.abc import Iterable

    from ci_mcp_logs.distill import Study

_SIGNED = 1000  # tokens of the excerpt that a signature is taken from, whatever the caller's budget is
_VERSION = "2"  # of signatures: rises with any change that gives a failure another signature
# Another value for one of these three gives every failure another signature, so that none is found again in a store.
_LINES = 5  # different masked lines, the most important ones
_READ = 300  # characters of a line
_LENGTH = 12  # hexadecimal digits, 48 bits: among a million failures any two share one with a chance of 0.2 %

_FOLDERS = re.compile(r"(?:[A-Za-z]:)?[\\/](?:[\w.@+-]{1,200}[\\/]){1,40}")
_IDS = re.compile(r"0x[0-9a-fA-F]+|(?<![0-9A-Za-z])(?=[0-9a-f-]*[0-9])[0-9a-f][0-9a-f-]{6,}(?![0-9A-Za-z])")
_TIMES = re.compile(r"\d+(?:[.,:]\d+)*\s?(?:ns|us|µs|ms|s|sec|secs|seconds?|m|min|minutes?)\b")
_NUMBERS = re.compile(r"\d+(?:[.,:]\d+)*")


def signature_of(study: Study, exit_code: int) -> str:
    """Return the signature of the failure that a log shows by itself; "" where it shows none."""
    found = study.excerpt(exit_code, _SIGNED)
    return signature([*found.tests, *complaints_in(found.by_weight[:1])])


def masked(line: str) -> str:
    """Return the line without its time stamp, and with `#` for everything else that differs from run to run."""
    text = _FOLDERS.sub("/", line[len(stamp_of(line)) :][:_READ])
    for pattern in (_IDS, _TIMES, _NUMBERS):
        text = pattern.sub("#", text)
    return " ".join(text.split())


def signature(lines: Iterable[str]) -> str:
    """Return the signature of the failure that `lines` describe, the most important first; "" if none has a letter."""
    described = [text for text in dict.fromkeys(map(masked, lines)) if any(map(str.isalpha, text))][:_LINES]
    if not described:
        return ""
    return hashlib.sha256("\n".join([_VERSION, *described]).encode("utf-8", "replace")).hexdigest()[:_LENGTH]
