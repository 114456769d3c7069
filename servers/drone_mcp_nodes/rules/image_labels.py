"""The build that made an image, by the labels of the image. Pure.

drone-plugins/drone-docker writes `org.opencontainers.image.source` and `.revision` by itself (`auto_label`, docker.go),
and no build number; a pipeline adds that with `custom_labels: [io.drone.build.number=${DRONE_BUILD_NUMBER}]`. The names
`io.drone.…` are those that Drone's runners give the containers of steps (drone/runner-go, labels/labels.go).
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final
from urllib.parse import urlsplit

if TYPE_CHECKING:
    from collections.abc import Mapping

SOURCE: Final = "org.opencontainers.image.source"
REVISION: Final = "org.opencontainers.image.revision"
SLUG: Final = "io.drone.repo.slug"
NUMBER: Final = "io.drone.build.number"
_SLUG: Final = re.compile(r"[^\s/:@]{1,100}/[^\s/:@]{1,100}")


@dataclass(frozen=True, kw_only=True, slots=True)
class BuildOfImage:
    """What the labels of an image say of its build; "" and None for what they do not."""

    repo: str = ""
    number: int | None = None
    commit: str = ""


def read_build(labels: Mapping[str, str]) -> BuildOfImage:
    """Return the build that the labels of an image name. Labels that are malformed count as missing."""
    slug, number = labels.get(SLUG, ""), labels.get(NUMBER, "")
    commit = labels.get(REVISION, "")
    return BuildOfImage(
        repo=slug if _SLUG.fullmatch(slug) else _slug_of_address(labels.get(SOURCE, "")),
        number=int(number) if re.fullmatch(r"[1-9][0-9]{0,17}", number) else None,
        commit=commit if re.fullmatch(r"[0-9a-f]{7,64}", commit) else "",
    )


def _slug_of_address(address: str) -> str:
    """Return owner/name of the address of a repository, "" where it has another form."""
    try:
        path = urlsplit(address).path if "://" in address else ""
    except ValueError:
        return ""
    slug = path.strip("/").removesuffix(".git")
    return slug if _SLUG.fullmatch(slug) else ""
