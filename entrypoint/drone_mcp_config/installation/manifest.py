"""What a server says of itself in its `manifest.json`."""

from __future__ import annotations

from pydantic import BaseModel, ConfigDict, Field

TOKEN_ENDING = "_TOKEN"  # noqa: S105 - the ending of a variable's name, not a token


class ManifestTool(BaseModel):
    """A tool as its server's manifest lists it."""

    model_config = ConfigDict(extra="ignore", frozen=True)

    name: str
    title: str = ""
    description: str = ""
    read_only: bool = True
    destructive: bool = False


class Manifest(BaseModel):
    """What a server says about itself.

    Attributes:
        server: its name in client configurations (`drone-builds`).
        command: its console script.
        module: what `python -m` runs.
        environment: every variable that it reads, most important first.
    """

    model_config = ConfigDict(extra="ignore", frozen=True)

    # Gemini CLI splits tool names at the first underscore, and Cursor drops long ones: no underscore, no dot, short.
    server: str = Field(pattern=r"^[A-Za-z][A-Za-z0-9-]{0,19}$")
    title: str = ""
    description: str = ""
    command: str
    module: str
    environment: tuple[str, ...]
    tools: tuple[ManifestTool, ...] = ()

    @property
    def tool_names(self) -> tuple[str, ...]:
        """The names of all its tools, in its own order."""
        return tuple(tool.name for tool in self.tools)

    @property
    def writes(self) -> bool:
        """Whether it has a tool that changes anything."""
        return any(not tool.read_only for tool in self.tools)

    @property
    def token_variables(self) -> tuple[str, ...]:
        """The variables that hold a token."""
        return tuple(name for name in self.environment if name.endswith(TOKEN_ENDING))
