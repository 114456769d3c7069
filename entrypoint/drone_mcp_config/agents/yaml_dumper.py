"""Writes Kubernetes objects as YAML that YAML 1.1 and 1.2 read alike, and escapes text for Kubernetes. Pure."""

from __future__ import annotations

import re
from typing import Any

import yaml

# YAML 1.1 and 1.2 differ in what is a number, a date or a boolean: whatever might be one is quoted.
_PLAIN = re.compile(r"[A-Za-z/][A-Za-z0-9_./-]*")
# Booleans and null of YAML 1.1 (yaml.org/type/bool.html and null.html) among them.
_WORDS = frozenset({"y", "n", "yes", "no", "on", "off", "true", "false", "null", "nan", "inf"})


class _Dumper(yaml.SafeDumper):
    """Quotes all that might not be read as text, and indents lists."""

    def increase_indent(self, flow: bool = False, indentless: bool = False) -> None:  # noqa: ARG002 - its signature
        super().increase_indent(flow, indentless=False)

    def ignore_aliases(self, data: Any) -> bool:  # noqa: ARG002 - its signature
        # The containers share parts, for which PyYAML would write anchors and aliases.
        return True


def _text(dumper: _Dumper, text: str) -> yaml.ScalarNode:
    is_plain = _PLAIN.fullmatch(text) and text.casefold() not in _WORDS
    return dumper.represent_scalar("tag:yaml.org,2002:str", text, style=None if is_plain else '"')


_Dumper.add_representer(str, _text)


def as_yaml(data: dict[str, Any]) -> str:
    """Write one object."""
    written: str = yaml.dump(data, Dumper=_Dumper, sort_keys=False, allow_unicode=True, width=10_000)
    return written


def literal(text: str) -> str:
    """Escape text for a command, an argument or a variable, where Kubernetes expands `$(NAME)` (core/v1, Container)."""
    return text.replace("$", "$$")
