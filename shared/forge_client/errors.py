"""The forge as a service, and the errors that have more to say about it than those of `ci_mcp_kit.errors`."""

from __future__ import annotations

from dataclasses import replace
from typing import Final

from ci_mcp_kit import errors
from ci_mcp_kit.errors import Service

FORGE: Final = Service(
    # A word that fits every forge: a process learns only from its answers which one it is.
    name="Forge",
    code="FORGE_ERROR",
    address="FORGE_SERVER",
    token="FORGE_TOKEN",  # noqa: S106 - the name of a variable
    token_file="FORGE_TOKEN_FILE",  # noqa: S106 - likewise
    token_source="an access token from the applications page of the forge's user settings",  # noqa: S106 - a place
    # The limits and authorities of a process are the same for every service that it asks.
    ca_file="DRONE_MCP_CA_FILE",
    max_body="DRONE_MCP_MAX_BODY",
    scope="DRONE_MCP_REPOS",
    default="DRONE_REPO",
)

FORGE_WRITES: Final = replace(FORGE, token="FORGE_WRITE_TOKEN", token_file="FORGE_WRITE_TOKEN_FILE")  # noqa: S106 - names
"""The same service for the client that writes, which has a token of its own."""


class NotFound(errors.NotFound):
    """There is no such thing, or none that this token may see: a forge does not distinguish the two."""

    service = FORGE
    default_next_step = "Check the name and the number against a list of what the repository has"


class Conflict(errors.Conflict):
    """The subject has changed since it was read, or its state does not allow the change."""

    service = FORGE


class RepositoryRenamed(errors.InvalidInput):
    """The repository has another name by now; nothing was read or changed under the old one.

    A redirect is not followed: after a 301 a client repeats a POST as a GET (RFC 9110, section 15.4.2), so that a
    write would succeed without writing anything. The new name may also be outside the scope of a role.

    Attributes:
        new_name: "owner/name", in details as `renamed_to`.
    """

    service = FORGE

    def __init__(self, old: str, new: str) -> None:
        super().__init__(
            f"{old} has been renamed to {new}, and nothing was done under the old name",
            next_step=f"Call again with the repository {new}",
            status=301,
            details={"repo": old, "renamed_to": new},
        )
        self.new_name = new
