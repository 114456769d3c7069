"""Writes references to variables as each client expands them, and finds all text that it would expand. Pure.

No client documents an escape for `${HOME}`. A text that a client would change is therefore refused.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

from drone_mcp_config.errors import CannotExpress

if TYPE_CHECKING:
    from collections.abc import Callable

    from drone_mcp_config.variable_references import Reference, Template


@dataclass(frozen=True)
class Expansion:
    """How a client expands variables.

    Attributes:
        reference: writes a reference to a variable; raises CannotExpress.
        filled: matches everything that the client may expand.
    """

    reference: Callable[[Reference], str]
    filled: re.Pattern[str]

    def write(self, template: Template) -> str:
        """Write a text that the client expands to the intended one.

        Raises:
            CannotExpress: there is none.
        """
        text = ""
        meant = []
        for part in template.parts:
            written = part if isinstance(part, str) else self.reference(part)
            if not isinstance(part, str):
                meant.append((len(text), len(text) + len(written)))
            text += written
        for match in self.filled.finditer(text):
            # By position: the same text may stand for a reference here, and for itself elsewhere.
            if match.span() not in meant:
                raise CannotExpress(f"it would fill in {match[0]!r} in {text!r}, and has no way to write that as it is")
        return text


def _shell(reference: Reference) -> str:
    return f"${{{reference.name}}}" if reference.default is None else f"${{{reference.name}:-{reference.default}}}"


def _undefaulted_shell(reference: Reference) -> str:
    return f"${{{undefaulted(reference)}}}"


def _env_prefix(reference: Reference) -> str:
    return f"${{env:{undefaulted(reference)}}}"


def _braces(reference: Reference) -> str:
    return f"{{env:{undefaulted(reference)}}}"


def _nothing(reference: Reference) -> str:
    raise CannotExpress(f"its file cannot refer to a variable, and this needs ${{{reference.name}}}")


def undefaulted(reference: Reference) -> str:
    """Return the name of the variable of a reference.

    Raises:
        CannotExpress: the reference has a default.
    """
    if reference.default is not None:
        raise CannotExpress(f"its file knows no default for a variable, and ${{{reference.name}:-…}} has one")
    return reference.name


_IN_BRACES = re.compile(r"\$\{[^}]*\}?")
_IN_BRACES_OR_BARE = re.compile(r"\$(?:\w+|\{[^}]*\}?)", re.ASCII)

NOTHING = Expansion(_nothing, re.compile(r"(?!)"))  # a pattern that never matches
# Claude Code: documentation, "MCP", Environment variable expansion in .mcp.json.
CLAUDE = Expansion(_shell, _IN_BRACES)
# Gemini CLI: its repository, docs/reference/configuration.md. Copilot CLI, in `env` and `headers` alone: GitHub
# documentation, "GitHub Copilot CLI command reference".
SHELL = Expansion(_shell, _IN_BRACES_OR_BARE)
# Goose: substitute_env_vars in crates/goose/src/agents/extension_manager.rs (block/goose), for headers alone.
SHELL_WITHOUT_DEFAULTS = Expansion(_undefaulted_shell, _IN_BRACES_OR_BARE)
# Cursor, VS Code and Windsurf have more than `env`: ${workspaceFolder}, ${userHome}, ${input:…}, ${file:…} (VS Code
# documentation, "Variables reference").
EDITOR = Expansion(_env_prefix, _IN_BRACES)
# OpenCode expands the text of the whole file, so the end of a reference may be anywhere (documentation, "Config",
# Variables).
OPENCODE = Expansion(_braces, re.compile(r"\{(?:env|file):[^}]*\}?"))
