"""Builds the link to the source host's page that compares two commits. Pure.

Drone knows of a commit only the address that the host sent with it; where that has the form of a known host, the
address of the comparison follows from it.
"""

from __future__ import annotations

import re

# At least owner and name before the page, more with the nested groups of GitLab. No `@` in the host, as an address with
# credentials is not to be passed on.
# GitHub, Gitea: /owner/name/commit/SHA, /compare/SHA...SHA, /pull/7; GitLab puts /-/ before; Bitbucket: /commits/SHA
_PAGE = re.compile(
    r"(?P<repo>https?://[^\s/?#@]+(?:/[^\s/?#]+){2,12}?)"
    r"(?P<page>/-/commit|/-/compare|/-/merge_requests|/commits|/commit|/compare|/pull|/pulls)/[^\s]+"
)
_SHA = re.compile(r"[0-9a-f]{7,64}")


def compare_link(link: str, old: str, new: str) -> str:
    """Return the address of the comparison of two commits; "" if the form of `link` is unknown."""
    page = _PAGE.fullmatch(link)
    if page is None or not (_SHA.fullmatch(old) and _SHA.fullmatch(new)) or old == new:
        return ""
    if page["page"].startswith("/-/"):
        return f"{page['repo']}/-/compare/{old}...{new}"
    if page["page"] == "/commits":
        # Bitbucket names the source first and the destination second.
        return f"{page['repo']}/branches/compare/{new}..{old}"
    return f"{page['repo']}/compare/{old}...{new}"
