"""What a failing log says that the last good log of the same step did not.

Lines are compared with digits, hexadecimal words and temporary names masked, because those differ in every run.
"""

import re

_DIGITS = bytes.maketrans(b"0123456789", b"0" * 10)
_VARIABLE = re.compile(rb"\x1b\[[0-9;?]*[ -/]*[@-~]|0x[0-9a-fA-F]+|\b[0-9a-f]*[0-9][0-9a-f]{6,}\b|[0-9]+")
_MOST = 20_000  # lines that are compared with all variable parts masked; beyond, digits alone must do


def novel_lines(data: bytes, good: bytes) -> list[tuple[int, int]]:
    """Number and byte offset of each line of `data` that has no like in `good`, ascending."""
    known = set(good.translate(_DIGITS).split(b"\n"))
    lines = data.translate(_DIGITS).split(b"\n")
    new = [(number, line) for number, line in enumerate(lines, 1) if line not in known]
    if len(known) <= _MOST and len(new) <= _MOST:
        alike = {_masked(line) for line in known}
        new = [(number, line) for number, line in new if _masked(line) not in alike]
    wanted = {number for number, _ in new}
    return _offsets(lines, wanted)


def _masked(line: bytes) -> bytes:
    """The line without what differs between runs."""
    return _VARIABLE.sub(b"#", line[:400]).strip()


def _offsets(lines: list[bytes], wanted: set[int]) -> list[tuple[int, int]]:
    """Where the wanted lines begin: masking kept every line's length."""
    found = []
    offset = 0
    for number, line in enumerate(lines, 1):
        if number in wanted:
            found.append((number, offset))
        offset += len(line) + 1
    return found
