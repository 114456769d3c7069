"""The places that the operator names for the values of secrets. Pure, standard library only.

`octo/*/NPM_TOKEN=/run/secrets/npm` says that the secret NPM_TOKEN of the repositories of octo gets the content of that
file, `org:octo/KEY=VARIABLE` that KEY of the namespace octo gets the value of a variable. An agent chooses the secret
and never the place, so it cannot bring a value where the operator does not want it.
"""

from __future__ import annotations

import re
from fnmatch import fnmatchcase
from typing import NamedTuple

_PLACE = re.compile(
    r"(?P<scope>org:[^\s,/:=]+|[^\s,/:=]+/[^\s,/:=]+)/(?P<name>[A-Za-z0-9_.-]+)=(?P<source>/\S+|[A-Za-z_][A-Za-z0-9_]*)",
    re.ASCII,
)


class Place(NamedTuple):
    """The source of a secret's value: an absolute path, or the name of a variable."""

    scope: str
    name: str
    source: str

    @property
    def is_file(self) -> bool:
        """Whether the source is a file."""
        return self.source.startswith("/")


def parse_place(text: str) -> Place:
    """Read one place.

    Raises:
        ValueError: it is none.
    """
    found = _PLACE.fullmatch(text)
    if not found:
        raise ValueError("one of them is not like octo/hello/NAME=/path or org:octo/NAME=VARIABLE")
    return Place(found["scope"], found["name"], found["source"])


def find_place(places: tuple[Place, ...], scope: str, name: str) -> Place | None:
    """Return the first place for the secret of a repository "owner/name" or a namespace "org:name"."""
    return next((place for place in places if place.name == name and matches_scope(place.scope, scope)), None)


def matches_scope(glob: str, scope: str) -> bool:
    """Return whether a scope matches a glob; `*` never crosses a slash, so no glob of repositories is one of others."""
    globs, parts = glob.split("/"), scope.split("/")
    if glob.startswith("org:") != scope.startswith("org:") or len(globs) != len(parts):
        return False
    return all(fnmatchcase(part, one) for part, one in zip(parts, globs, strict=True))
