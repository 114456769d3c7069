"""Reads the builds that a retry would repeat; needed only if a rule would retry.

They come from Drone and not from the store: a restart that the store does not know yet would not be counted, and the
build would be restarted once too often.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from drone_mcp_client.errors import NotFound
from drone_mcp_policy.earlier_attempts import History, count_attempts
from drone_mcp_policy.rules import MOST_RETRIES

if TYPE_CHECKING:
    from drone_mcp_client.models import Build
    from drone_mcp_known.client_and_store import KnownAccess

_PAGE: Final = 100  # builds; Drone's maximum (harness/drone v2.25.0, handler/api/repos/builds/list.go)
_PAGES: Final = 2


async def read_history(access: KnownAccess, repo: str, build: Build) -> History:
    """Read the builds since this one, some before it, and its ancestors by `parent`.

    Sends at most two requests for pages, one for each retry that a rule can allow, and one for the steps of the last
    try. Where that is not enough, `History.complete_from` says so, and the build is not retried.
    """
    drone = await access.client()
    builds: dict[int, Build] = {}
    complete_from = 1
    for number in range(1, _PAGES + 1):
        page = await drone.build_page(repo, number, _PAGE)
        builds |= {other.number: other for other in page}
        if len(page) < _PAGE:
            break
        complete_from = min(builds)
        # Some builds before it are wanted as well: tries of the same commit that are no restarts have no `parent`.
        if complete_from <= build.number - _PAGE // 2:
            break
    builds |= {other.number: other for other in await _read_ancestors(access, repo, build, builds)}
    used = count_attempts(build, History(tuple(builds.values()), complete_from), 0).used
    # After a newer try, this build is not repeated anyway.
    if not used or used[-1] > build.number:
        return History(tuple(builds.values()), complete_from)
    # A list shows no steps, and how the last try failed decides about another one.
    previous = await access.builds.build(repo, used[-1])
    builds[used[-1]] = previous.build
    signed = {one.number: await access.signatures.read(repo, one) for one in (build, previous.build)}
    signatures = {number: found.signature for number, found in signed.items() if found}
    return History(tuple(builds.values()), complete_from, signatures)


async def _read_ancestors(access: KnownAccess, repo: str, build: Build, listed: dict[int, Build]) -> list[Build]:
    found: list[Build] = []
    # A chain longer than any rule allows is cut: what is missing then makes the history uncertain.
    while build.parent and len(found) <= MOST_RETRIES:
        parent = listed.get(build.parent)
        if parent is None:
            try:
                parent = (await access.builds.build(repo, build.parent)).build
            except NotFound:
                break  # it was purged
            found.append(parent)
        if parent.number >= build.number:
            break  # Drone never gives a restart a lower number than its parent's
        build = parent
    return found
