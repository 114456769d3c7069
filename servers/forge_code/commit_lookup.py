"""Finds the commit of a call: that of a ref, that of a build, or the newest of the default branch."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from ci_mcp_kit.errors import InvalidInput
from forge_client.errors import FORGE
from forge_client.names import check_ref, is_full_sha

if TYPE_CHECKING:
    from forge_access.access import ForgeAccess
    from forge_client.forge import Forge

SHORT: Final = 10  # hexadecimal digits of a commit in an answer
DEFAULT: Final = "the default branch"


@dataclass(frozen=True)
class Place:
    """A repository at a commit.

    Attributes:
        slug: "owner/name", as Drone and the caller have it.
        ref: for the forge; "" for the default branch.
        label: for answers.
    """

    slug: str
    ref: str = ""
    label: str = DEFAULT


async def find_place(access: ForgeAccess, repo: str | None, ref: str | None, build: int | None) -> Place:
    """Return the place that the arguments name. A build costs one request to Drone, or none where the store has it.

    Raises:
        InvalidInput: both a ref and a build are given, or one of them is no ref.
    """
    slug = access.resolve_repo(repo)
    if build is None:
        return Place(slug, check_ref(ref), ref) if ref else Place(slug)
    if ref:
        raise InvalidInput("Both ref and build are given", next_step="Give one of them", service=FORGE)
    sha = (await access.builds.build(slug, build)).build.after
    if not is_full_sha(sha):
        raise InvalidInput(
            f"Build {build} names no commit", next_step="Give the branch or the commit as ref", service=FORGE
        )
    return Place(slug, sha, f"build {build} ({sha[:SHORT]})")


async def find_commit(forge: Forge, repo: str, ref: str) -> str:
    """Return the whole hash of a ref, "" for the default branch; costs one request unless it is a whole hash."""
    return ref if is_full_sha(ref) else (await forge.commit(repo, ref)).sha
