"""Whether a pull request can be merged, in words. Pure."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from forge_client.models.pulls import PullRequest


def describe_merge_state(pull: PullRequest) -> str:
    """Return what a pull request's `mergeable` means.

    Gitea 1.27 says false for a conflict and for a draft, and may say true while it is still checking a push.
    """
    if pull.merged:
        return "merged"
    if pull.state == "closed":
        return "closed without being merged"
    if pull.draft:
        return "draft, which the forge does not merge"
    if pull.mergeable:
        return "no conflict known (right after a push, the forge may still be checking)"
    return "conflicts with its base, or still being checked by the forge"
