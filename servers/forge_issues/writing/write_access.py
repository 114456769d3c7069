"""The client that writes on the forge, and the login that it writes under."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from ci_mcp_kit import observing
from forge_access.access import find_lacking

if TYPE_CHECKING:
    from collections.abc import Mapping

    from ci_mcp_http.call import Call
    from ci_mcp_kit.guard.protocols import Gate
    from forge_access.access import ForgeAccess
    from forge_client.forge import Forge
    from forge_client.gitea.client import GiteaForge
    from forge_client.models.server import TokenFacts
    from forge_issues.settings import IssueSettings


class Writer:
    """Makes the client for the guard, and knows whose texts are our own. `access` gates its scope."""

    def __init__(self, settings: IssueSettings, access: ForgeAccess) -> None:
        self._settings = settings
        self._access = access
        self._login = ""

    def connect(self, gate: Gate) -> GiteaForge:
        """Return the client that may write: every call passes the scope and the gate, and is sent at most once."""
        from forge_client.gitea.client import GiteaForge  # noqa: PLC0415 - on first use, to start fast

        def check(call: Call[Any]) -> None:
            self._access.scope.gate(call)
            gate(call)

        return GiteaForge(self._settings.writer_options(), gate=check, watch=observing.request)

    async def login(self) -> str:
        """Return the login of the user who writes; where nothing is sent, of the one who reads.

        Only what this user has written is found again. Costs one request in a process, two on a forge that does not
        report a token's user.
        """
        if not self._login:
            if self._settings.guard.rules.mode == "on":
                # Asks only who its token belongs to: the gate of reading servers refuses whatever changes something.
                async with self._connect_reading() as forge:
                    self._login = await _read_login(forge)
            else:
                self._login = await _read_login(self._access.forge())
        return self._login

    async def find_lacking(self, scopes: Mapping[str, tuple[str, ...]]) -> frozenset[str]:
        """Return the tools for which the token that writes lacks a scope; none where nothing is sent."""
        if self._settings.guard.rules.mode != "on":
            return frozenset()
        return find_lacking(await self.read_token(), scopes)

    async def read_token(self) -> TokenFacts | None:
        """Read the scopes of the token that writes; None where the forge does not tell them."""
        async with self._connect_reading() as forge:
            return await forge.token()

    def _connect_reading(self) -> GiteaForge:
        from forge_client.gitea.client import GiteaForge  # noqa: PLC0415 - on first use, to start fast

        return GiteaForge(self._settings.writer_options(), gate=self._access.gate, watch=observing.request)


async def _read_login(forge: Forge) -> str:
    facts = await forge.token()
    return facts.login if facts and facts.login else (await forge.user()).login
