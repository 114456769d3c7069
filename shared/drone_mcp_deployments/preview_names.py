"""Names the target of a branch's preview. Pure."""

from __future__ import annotations

import hashlib
import re
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Mapping

PREFIX: Final = "preview-"
# A DNS label (RFC 1123, section 2.1), so that a pipeline can name a host or a namespace after the target.
LONGEST: Final = 63
_DIGESTS: Final = (8, 16, 32)  # hexadecimal digits; the longer ones are for branches named to be in the way


def is_preview(target: str) -> bool:
    """Return whether a target is a preview's."""
    return target.startswith(PREFIX)


def name_target(branch: str, owners: Mapping[str, str]) -> str:
    """Return the target of a branch's preview: the one that it has, or else the first that is free.

    Other branches may come to the same name, as `fix/login` and `fix-login` do. Then a hash tells them apart.

    Args:
        branch: the name of the branch.
        owners: target -> the branch whose preview is there now.
    """
    slug = re.sub(r"[^a-z0-9]+", "-", branch.lower()).strip("-")
    digest = hashlib.sha256(branch.encode("utf-8", "surrogatepass")).hexdigest()
    names = [f"{PREFIX}{slug}"] if slug and len(PREFIX + slug) <= LONGEST else []
    for length in _DIGESTS:
        beginning = slug[: LONGEST - len(PREFIX) - length - 1].strip("-")
        names.append(PREFIX + "-".join(part for part in (beginning, digest[:length]) if part))
    own = (name for name in names if owners.get(name) == branch)
    return next(own, None) or next((name for name in names if name not in owners), names[-1])
