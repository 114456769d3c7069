"""Typer applications whose help can be read on a terminal of 80 columns."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import typer
from typer.core import TyperCommand, TyperGroup
from typing_extensions import override

if TYPE_CHECKING:
    from collections.abc import Callable

    from typer.models import CommandFunctionType


class _PlainFlags:
    """Shows a flag as it is typed: Typer 0.29 writes `<bool>` after it, as if it took a value."""

    def get_params(self, context: Any) -> list[Any]:
        """Return the options and arguments of a command."""
        params: list[Any] = super().get_params(context)  # type: ignore[misc] # of the class that this is mixed into
        for param in params:
            if getattr(param, "is_flag", False):
                param.metavar = ""
        return params


class _Command(_PlainFlags, TyperCommand):
    """A command."""


class _Group(_PlainFlags, TyperGroup):
    """A command with commands."""


class Application(typer.Typer):
    """A Typer application; paragraphs of its help are wrapped where the terminal ends."""

    def __init__(self, **options: Any) -> None:
        super().__init__(
            cls=_Group,
            # In any other mode, lines are broken where the docstring breaks them, and once more at the terminal's end.
            rich_markup_mode="markdown",
            # Tracebacks of Rich can show local variables, which may hold tokens (Typer documentation, "Exceptions and
            # Errors").
            pretty_exceptions_enable=False,
            context_settings={"help_option_names": ["-h", "--help"]},
            **options,
        )

    @override
    def command(self, name: str | None = None, **options: Any) -> Callable[[CommandFunctionType], CommandFunctionType]:
        return super().command(name, cls=_Command, **options)
