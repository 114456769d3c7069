"""The base of the data of Jenkins' JSON API.

Field names are Jenkins' own. Times are milliseconds since 1970, durations milliseconds, unless a field says otherwise.
Fields that were not asked for, or that a kind of job does not have, have the value that Jenkins means by that; fields
that this version does not know are ignored.

Every answer has `_class` where the kind of a thing is not implied; it is read to tell kinds apart and never required.
See jenkinsci/jenkins, core/src/main/java/hudson/model; recorded answers of a real Jenkins 2.579 are read by the tests.
"""

from __future__ import annotations

from typing import Annotated, Any, TypeVar

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field
from pydantic.alias_generators import to_camel

T = TypeVar("T")


def _without_empty(value: Any) -> Any:
    """Leave out the `{}` that Jenkins writes for entries that export nothing, and read null as no entries."""
    if value is None:
        return ()
    return [entry for entry in value if entry != {}] if isinstance(value, list) else value


Many = Annotated[tuple[T, ...], BeforeValidator(_without_empty)]
Text = Annotated[str, BeforeValidator(lambda value: "" if value is None else value)]
"""A text that is "" where Jenkins writes null."""


class JenkinsModel(BaseModel):
    """The base: immutable, ignores unknown fields, and builds its validator on first use, to start fast."""

    model_config = ConfigDict(extra="ignore", frozen=True, defer_build=True, alias_generator=to_camel)


class Thing(JenkinsModel):
    """Whatever bears the name of its Java class."""

    java_class: Annotated[str, Field(alias="_class")] = ""

    def is_a(self, name: str) -> bool:
        """Return whether its class has this simple name, in whatever package or outer class."""
        return self.java_class.replace("$", ".").rpartition(".")[2] == name
