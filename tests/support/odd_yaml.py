"""Documents in YAML with an odd value or an odd key anywhere in them, for whatever reads files that people write."""

from __future__ import annotations

import json
import re
from typing import TYPE_CHECKING, Any

from hypothesis import strategies as st

from ci_mcp_kit.yaml_source import InvalidFile
from drone_mcp_config.errors import InvalidRole

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

Place = tuple[str | int, ...]

# Each of them has made some reader of YAML raise another error than its own, or means something else than it looks.
ODD = (
    *("~", "", "yes", "0o17", "0b2", "1_000", "12:30:45", "1e999", ".nan", "-.inf", "0x" + "f" * 5000, "9" * 5000),
    *("-" + "9" * 5000, "9" * 19, "1." + "0" * 5000, "2026-13-45", "2026-02-30T25:61:61Z", "2001-1-1", "<<", "=", "!"),
    *("!!int x", "!!int ''", "!!float x", "!!bool x", "!!null x", "!!timestamp x", "!!binary é", "!!set {a, b}"),
    *("!!omap [a]", "!!pairs [a: 1]", "!!str {}", "!!map x", "!!seq x", "!!python/object:os.system x", "!mine x"),
    *("&a b", "*a", '"\\ud83d"', '"\\0"', '"\\x85"', "'${'", "'${A:-}'", "'a/b'", "https://[", "'\u202e'", "[]", "{}"),
)
SCALARS = st.sampled_from(ODD) | st.text(max_size=20).map(json.dumps) | st.integers().map(str) | st.floats().map(repr)
VALUES = st.recursive(
    SCALARS,
    lambda inner: (
        st.lists(inner, max_size=3).map(lambda items: f"[{', '.join(items)}]")
        | st.lists(st.tuples(inner, inner), max_size=3).map(
            lambda pairs: "{" + ", ".join(f"? {key} : {value}" for key, value in pairs) + "}"
        )
    ),
    max_leaves=6,
)


@st.composite
def documents(draw: st.DrawFn, base: dict[str, Any]) -> str:
    """Write a document, in braces, in which a value or a key at one place is another one."""
    place = draw(st.sampled_from(sorted(_places(base), key=str)))
    return _written(base, (), place, draw(VALUES), is_key=draw(st.booleans()))


def unplaced_mistakes(read: Callable[[Path], object], file: Path, text: str) -> list[str]:
    """Write a file and read it; return the mistakes that the reader finds without saying in which line they are."""
    file.write_text(text, encoding="utf-8")
    try:
        read(file)
    except (InvalidFile, InvalidRole) as error:
        return [str(one) for one in error.problems if not re.match(rf"{re.escape(str(file))}:\d+: \S", str(one))]
    return []


def _places(data: object, at: Place = ()) -> Iterator[Place]:
    yield at
    inner = data.items() if isinstance(data, dict) else enumerate(data) if isinstance(data, list) else ()
    for key, value in inner:
        yield from _places(value, (*at, key))


def _written(data: object, at: Place, place: Place, odd: str, *, is_key: bool) -> str:
    if at == place and not (is_key and at):
        return odd
    if isinstance(data, list):
        return f"[{', '.join(_written(v, (*at, k), place, odd, is_key=is_key) for k, v in enumerate(data))}]"
    if isinstance(data, dict):
        pairs = (
            (odd if is_key and (*at, k) == place else json.dumps(k), _written(v, (*at, k), place, odd, is_key=is_key))
            for k, v in data.items()
        )
        return "{" + ", ".join(f"? {key} : {value}" for key, value in pairs) + "}"
    return json.dumps(data)
