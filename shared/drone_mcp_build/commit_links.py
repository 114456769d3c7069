"""Builds the addresses of a source host's pages for commits. Pure.

They start from the page of the repository, which the host itself gave (`Repo.link`). The link of a build seldom serves:
it is an API address for a custom build, a comparison with nothing for a tag, and that of its parent for a promotion.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from drone_mcp_client.models import Build

# Owner and name, more with the nested groups of GitLab. No `@` in the host, as an address with credentials is not to be
# passed on.
_HOME = re.compile(r"https?://(?P<host>[^\s/?#@]+)(?:/[^\s/?#]+){2,12}/?")
_SHA = re.compile(r"[0-9a-f]{7,64}")


def home_by_link(build: Build) -> str:
    """Return the page of the repository where the build's link is the page of its commit; "" where it is not."""
    if not _SHA.fullmatch(build.after) or "/api/" in build.link:
        return ""
    found = re.fullmatch(rf"(.+?)(?:/-)?/commits?/{build.after}", build.link)
    return found[1] if found else ""


def commit_page(home: str, commit: str) -> str:
    """Return the page of a commit in the repository with the page `home`; "" if either is not of a known form."""
    found = _HOME.fullmatch(home)
    if found is None or not _SHA.fullmatch(commit):
        return ""
    # GitLab leads from this address to its own, with /-/ before the page.
    return f"{home.rstrip('/')}/{'commits' if _is_bitbucket(home, found['host']) else 'commit'}/{commit}"


def compare_page(home: str, old: str, new: str) -> str:
    """Return the page that compares two commits; "" if there is none."""
    found = _HOME.fullmatch(home)
    if found is None or not (_SHA.fullmatch(old) and _SHA.fullmatch(new)) or old == new:
        return ""
    if {"0"} in (set(old), set(new)):  # of a new branch or tag, which has no commit before
        return ""
    repo = home.rstrip("/")
    if "/projects/" in home and _is_bitbucket(home, found["host"]):
        return f"{repo}/compare/commits?sourceBranch={new}&targetBranch={old}"
    if _is_bitbucket(home, found["host"]):
        # Bitbucket names the source first and the destination second.
        return f"{repo}/branches/compare/{new}..{old}"
    return f"{repo}/compare/{old}...{new}"


def _is_bitbucket(home: str, host: str) -> bool:
    """Return whether it is Bitbucket in the cloud, or Bitbucket Server, whose addresses have this form."""
    return host == "bitbucket.org" or bool(re.search(r"/(?:projects|users)/[^/]+/repos/[^/]+/?$", home))
