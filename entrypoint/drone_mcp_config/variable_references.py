"""Text with references to variables, like `Bearer ${TOKEN}`: the syntax of role files; each client has its own."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

# No reference within a default: Claude Code 2.1.329 leaves the inner one of `${A:-${B}}` as it is.
_REFERENCE = re.compile(r"\$\{([A-Za-z_][A-Za-z0-9_]*)(?::-([^${}]*))?\}")


@dataclass(frozen=True)
class Reference:
    """A reference to a variable of the client's environment, with a default for when it is unset."""

    name: str
    default: str | None = None


@dataclass(frozen=True)
class Template:
    """Literal text and references, in order."""

    parts: tuple[str | Reference, ...]

    @classmethod
    def parse(cls, text: str) -> Template:
        """Read `${NAME}` and `${NAME:-default}`.

        Raises:
            ValueError: when a `${` is no such reference.
        """
        parts: list[str | Reference] = []
        end = 0
        for match in _REFERENCE.finditer(text):
            parts += [text[end : match.start()], Reference(match[1], match[2])]
            end = match.end()
        parts.append(text[end:])
        if any(isinstance(part, str) and "${" in part for part in parts):
            raise ValueError("a '${' starts no reference here; write ${NAME} or ${NAME:-default}")
        return cls(tuple(part for part in parts if part != ""))

    @classmethod
    def of(cls, text: str) -> Template:
        """Make a template of literal text."""
        return cls((text,) if text else ())

    @classmethod
    def reference(cls, name: str) -> Template:
        """Make a template that is one reference."""
        return cls((Reference(name),))

    @property
    def references(self) -> tuple[Reference, ...]:
        """The variables it refers to, in order."""
        return tuple(part for part in self.parts if isinstance(part, Reference))

    @property
    def sole_reference(self) -> str | None:
        """The variable's name where the text is one reference and nothing else."""
        match self.parts:
            case (Reference(name, None),):
                return name
            case _:
                return None

    def render(self, expand: Callable[[Reference], str]) -> str:
        """Write the text with another syntax for references."""
        return "".join(part if isinstance(part, str) else expand(part) for part in self.parts)

    def fill(self, environment: Mapping[str, str]) -> str:
        """Put the variables' values in, as a client does when it starts a server.

        Raises:
            KeyError: with the name of a variable that is unset and has no default.
        """

        def value(reference: Reference) -> str:
            if reference.default is None:
                return environment[reference.name]
            # Empty counts as unset, as with `:-` in a shell (POSIX, Shell Command Language, 2.6.2).
            return environment.get(reference.name) or reference.default

        return self.render(value)
