"""Gives the tools of a server access to the forge, and to Drone for the builds of the same repositories."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final, TypeVar

from typing_extensions import override

from ci_mcp_kit import observing
from ci_mcp_kit.bounded_memory import Memory
from ci_mcp_kit.errors import PermissionDenied
from drone_mcp_known.client_and_store import KnownAccess
from forge_client.errors import FORGE, RepositoryRenamed

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Mapping

    from forge_access.settings import ForgeSettings
    from forge_client.forge import Forge
    from forge_client.models.server import TokenFacts

T = TypeVar("T")

MOST_NAMES: Final = 1_000  # of renamed repositories
REMEMBERED: Final = (
    600.0  # seconds for which a new name is used at once: the old one may be given to another repository
)


def find_lacking(facts: TokenFacts | None, scopes: Mapping[str, tuple[str, ...]]) -> frozenset[str]:
    """Return the tools for which a token lacks a scope, none where the forge does not tell its scopes."""
    return frozenset(tool for tool, needed in scopes.items() if facts and facts.find_missing(*needed))


class ForgeAccess(KnownAccess):
    """Read access of one process to the forge and to Drone, within the scope of its role. `clock` gives the Unix time.

    `client()` is the one of Drone, `forge()` the one of the forge. Both show every call to `gate`, which refuses other
    repositories and whatever is not a read. The forge's token goes to the address in the settings, never to one that an
    answer holds.
    """

    writer = "drone-issues"

    def __init__(self, settings: ForgeSettings, clock: Callable[[], float]) -> None:
        super().__init__(settings, clock)
        self.forge_settings = settings
        self._clock = clock
        self._forge: Forge | None = None
        self._renamed: Memory[str, tuple[str, float]] = Memory(MOST_NAMES)

    def forge(self) -> Forge:
        """Return the client of the forge; the same one until `close`."""
        if self._forge is None:
            from forge_client.gitea.client import GiteaForge  # noqa: PLC0415 - on first use, to start fast

            self._forge = GiteaForge(self.forge_settings.forge_options(), gate=self.gate, watch=observing.request)
        return self._forge

    async def ask_forge(
        self,
        slug: str,
        ask: Callable[[Forge, str], Awaitable[T]],
        ask_briefly: Callable[[Forge, str], Awaitable[T]] | None = None,
    ) -> T:
        """Ask the forge about a repository, which may have another name there.

        Drone keeps the old name of a renamed repository until it synchronizes, so a build can name it. The forge
        answers the old name with the new one, which has to be in the scope, too. That costs one request, and the new
        name is remembered.

        Args:
            slug: "owner/name", as Drone or the caller names it.
            ask: asks the forge about the repository of the name that it is given.
            ask_briefly: does so in place of `ask` with one request less, after one has told the new name.

        Raises:
            PermissionDenied: either name is outside this role's scope.
        """
        self.scope.check(slug)
        known, at = self._renamed.get(slug, (slug, 0.0))
        try:
            return await ask(self.forge(), known if self._clock() - at < REMEMBERED else slug)
        except RepositoryRenamed as renamed:
            if not self.scope.sees(renamed.new_name):
                # Without the new name: a repository out of scope is none of the caller's business.
                raise PermissionDenied(
                    f"{slug} has been renamed to a name outside the repositories of this role",
                    next_step="Ask the author of the role to add the new name to DRONE_MCP_REPOS",
                    details={"repo": slug, "rule": "scope"},
                    service=FORGE,
                ) from None
            self._renamed[slug] = renamed.new_name, self._clock()
            return await (ask_briefly or ask)(self.forge(), renamed.new_name)

    async def find_lacking(self, scopes: Mapping[str, tuple[str, ...]]) -> frozenset[str]:
        """Return the tools for which the token that reads lacks a scope; none where the forge does not tell its scopes.

        Args:
            scopes: tool -> the scopes that it needs.
        """
        facts = await self.forge().token() if self.forge_settings.forge_tokens() else None
        return find_lacking(facts, scopes)

    @override
    async def close(self) -> None:
        forge, self._forge = self._forge, None
        if forge is not None:
            await forge.aclose()
        await super().close()
