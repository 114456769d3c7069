"""Builds and their attachments. See jenkinsci/jenkins, core/src/main/java/hudson/model/Run.java."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

from pydantic import Field

from jenkins_mcp.client.models.base import JenkinsModel, Many, Text, Thing
from jenkins_mcp.client.models.jobs import BuildLink

if TYPE_CHECKING:
    from collections.abc import Iterator


class Cause(Thing):
    """Why a build or queue item is there."""

    short_description: Text = ""
    user_id: Text = ""
    upstream_project: Text = ""
    upstream_build: int | None = None


class ParameterValue(Thing):
    """A parameter of a build or queue item; `value` is None where Jenkins does not show it."""

    name: str
    value: str | bool | int | float | None = None


class Revision(JenkinsModel):
    """The commit that a build with the git plugin was made from."""

    sha1: Annotated[str, Field(alias="SHA1")] = ""


class Action(Thing):
    """One of the many things attached to a build or queue item; which fields it has depends on its class."""

    causes: Many[Cause] = ()
    parameters: Many[ParameterValue] = ()
    fail_count: int | None = None
    skip_count: int | None = None
    total_count: int | None = None
    url_name: Text = ""
    last_built_revision: Revision | None = None
    remote_urls: Many[str] = ()


class Person(JenkinsModel):
    """An author of a change, or one who is held to have broken a build."""

    full_name: Text = ""


class Change(JenkinsModel):
    """A commit that was new in a build."""

    commit_id: Text = ""
    msg: Text = ""
    author: Person | None = None
    timestamp: int = 0
    affected_paths: Many[str] = ()


class ChangeSet(Thing):
    """The changes of one repository in a build; `kind` is the version control system, "" where nothing changed."""

    items: Many[Change] = ()
    kind: Text = ""


class Executor(JenkinsModel):
    """Who carries out a build; `progress` is a percentage of the estimate, -1 if unknown."""

    number: int = -1
    progress: int = -1
    likely_stuck: bool = False


class Artifact(JenkinsModel):
    """A file that a build kept; `relative_path` is decoded. Jenkins does not say its size."""

    file_name: str
    relative_path: str
    display_path: Text = ""


class Build(Thing):
    """A build.

    `result` is "" until it is known: a build with a result is over only once `in_progress` is False, which versions
    before 2.369 do not say. `duration` is 0 while it runs, `estimated_duration` -1 if unknown.
    """

    number: int = 0
    display_name: Text = ""
    full_display_name: Text = ""
    description: Text = ""
    result: Text = ""
    building: bool = False
    in_progress: bool | None = None
    timestamp: int = 0
    duration: int = 0
    estimated_duration: int = -1
    queue_id: int = 0
    built_on: Text = ""
    keep_log: bool = False
    executor: Executor | None = None
    actions: Many[Action] = ()
    artifacts: Many[Artifact] = ()
    change_set: ChangeSet | None = None
    change_sets: Many[ChangeSet] = ()
    culprits: Many[Person] = ()
    previous_build: BuildLink | None = None
    next_build: BuildLink | None = None

    @property
    def is_over(self) -> bool:
        """Whether nothing more happens to it."""
        return not (self.building if self.in_progress is None else self.in_progress or self.building)

    @property
    def has_failed_tests(self) -> bool:
        """Whether its test report names failed tests."""
        return any(action.fail_count for action in self.actions)

    def changes(self) -> Iterator[Change]:
        """Yield the commits that were new in it: freestyle jobs have one change set, pipelines several."""
        for changes in (*((self.change_set,) if self.change_set else ()), *self.change_sets):
            yield from changes.items

    def parameters(self) -> dict[str, ParameterValue]:
        """Return its parameters by name."""
        return {value.name: value for action in self.actions for value in action.parameters}

    def commits(self) -> frozenset[str]:
        """Return the hashes of the commit that it was made from and of those that were new in it."""
        built = (action.last_built_revision.sha1 for action in self.actions if action.last_built_revision)
        return frozenset(commit for commit in (*built, *(change.commit_id for change in self.changes())) if commit)

    def causes(self) -> tuple[Cause, ...]:
        """Return why it was started; a reason why it was stopped is none."""
        return tuple(
            cause for action in self.actions if not action.is_a("InterruptedBuildAction") for cause in action.causes
        )

    def interruptions(self) -> tuple[Cause, ...]:
        """Return who or what stopped it."""
        return tuple(
            cause for action in self.actions if action.is_a("InterruptedBuildAction") for cause in action.causes
        )


class BuildPage(Thing):
    """A job with a part of its builds, the newest first."""

    full_name: str = ""
    all_builds: Many[Build] = ()
