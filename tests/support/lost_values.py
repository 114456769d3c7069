"""Compares what Drone sent with what a model kept of it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from pydantic import BaseModel

if TYPE_CHECKING:
    from collections.abc import Iterator


def lost(sent: Any, kept: Any, where: str = "") -> Iterator[str]:
    """Yield where something that Drone sent is not in what was read."""
    if isinstance(sent, dict):
        for key, value in sent.items():
            if key in kept:
                yield from lost(value, kept[key], f"{where}.{key}")
            else:
                yield f"{where}.{key}"
    elif isinstance(sent, list):
        for index, (value, other) in enumerate(zip(sent, kept, strict=True)):
            yield from lost(value, other, f"{where}[{index}]")
    elif sent != kept and not (sent is None and not kept):
        yield f"{where}: {sent!r} became {kept!r}"


def dumped(value: Any) -> Any:
    if isinstance(value, BaseModel):
        return value.model_dump(by_alias=True)
    return [dumped(item) for item in value] if isinstance(value, tuple) else value
