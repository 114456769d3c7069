"""What a client fills in when it reads its file: how it has a reference to a variable, and what looks like one.

No client documents a way to write `${HOME}` so that it stays as it is. A text that would not come out as it is meant is
therefore refused.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

from drone_mcp_config.errors import CannotExpress

if TYPE_CHECKING:
    from collections.abc import Callable

    from drone_mcp_config.template import Reference, Template


@dataclass(frozen=True)
class Expansion:
    """How a client fills in variables.

    Attributes:
        reference: writes a reference to one; raises CannotExpress.
        filled: matches all that the client may put something in for.
    """

    reference: Callable[[Reference], str]
    filled: re.Pattern[str]

    def write(self, template: Template) -> str:
        """Write a text so that the client makes of it what it means.

        Raises:
            CannotExpress: there is no way to.
        """
        text = ""
        meant = []
        for part in template.parts:
            written = part if isinstance(part, str) else self.reference(part)
            if not isinstance(part, str):
                meant.append((len(text), len(text) + len(written)))
            text += written
        for match in self.filled.finditer(text):
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
    """Return the name of a variable that is referred to.

    Raises:
        CannotExpress: the reference has a default.
    """
    if reference.default is not None:
        raise CannotExpress(f"its file knows no default for a variable, and ${{{reference.name}:-…}} has one")
    return reference.name


_IN_BRACES = re.compile(r"\$\{[^}]*\}?")
_IN_BRACES_OR_BARE = re.compile(r"\$(?:\w+|\{[^}]*\}?)", re.ASCII)

NOTHING = Expansion(_nothing, re.compile(r"(?!)"))
CLAUDE = Expansion(_shell, _IN_BRACES)  # https://code.claude.com/docs/en/mcp
# Gemini CLI: docs/reference/configuration.md in its repository; Copilot CLI, in `env` and `headers` alone:
# https://docs.github.com/en/copilot/reference/copilot-cli-reference/cli-command-reference
SHELL = Expansion(_shell, _IN_BRACES_OR_BARE)
# Goose: substitute_env_vars in its extension manager, for headers alone.
SHELL_WITHOUT_DEFAULTS = Expansion(_undefaulted_shell, _IN_BRACES_OR_BARE)
# Cursor, VS Code and Windsurf have more than `env`: ${workspaceFolder}, ${userHome}, ${input:…}, ${file:…}
# (https://code.visualstudio.com/docs/reference/variables-reference).
EDITOR = Expansion(_env_prefix, _IN_BRACES)
# OpenCode does this to the text of the whole file, so an end may be anywhere (https://opencode.ai/docs/config).
OPENCODE = Expansion(_braces, re.compile(r"\{(?:env|file):[^}]*\}?"))
