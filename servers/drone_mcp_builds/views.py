"""What the tools of this server answer. A field that has nothing to say is left out."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Any, get_args

from pydantic import Field, WithJsonSchema

from drone_mcp_kit.answer import View

if TYPE_CHECKING:
    from pydantic import GetJsonSchemaHandler
    from pydantic.json_schema import JsonSchemaValue


class Part(View):
    """A piece of an answer.

    Output schemas name its fields and leave out their types: every request of an agent pays for the list of tools.
    """

    @classmethod
    def __get_pydantic_json_schema__(cls, _core: Any, _handler: GetJsonSchemaHandler) -> JsonSchemaValue:
        return {"type": "object", "description": cls.field_names()}

    @classmethod
    def field_names(cls) -> str:
        """The names of the fields, those of parts within in brackets."""
        return ", ".join(name + _within(field.annotation) for name, field in cls.model_fields.items())


def _within(annotation: Any) -> str:
    parts = [kind for kind in get_args(annotation) if isinstance(kind, type) and issubclass(kind, Part)]
    return f" ({parts[0].field_names()})" if parts else ""


class Answer(View):
    """A whole answer. Its schema gives the types of what is always there, and of other plain values only the names."""

    @classmethod
    def __get_pydantic_json_schema__(cls, core: Any, handler: GetJsonSchemaHandler) -> JsonSchemaValue:
        schema = handler.resolve_ref_schema(handler(core))
        for name, field in cls.model_fields.items():
            if not field.is_required() and not _within(field.annotation):
                schema["properties"][name] = {"description": field.description} if field.description else {}
        return schema


class LatestBuild(Part):
    """A repository's newest build, of whatever branch or event."""

    number: int
    status: str
    event: str = ""
    branch: str = ""
    title: str = ""
    when: str | None = None


class RepoLine(Part):
    """A repository, as a list shows it."""

    repo: str
    default_branch: str = ""
    visibility: str = ""
    inactive: bool | None = None
    latest: LatestBuild | None = None


class RepoList(Answer):
    """Repositories, those with the newest builds first."""

    repos: tuple[RepoLine, ...]
    total: int
    left_out: str = ""
    note: str = ""
    next_step: str = ""


class BuildLine(Part):
    """A build, as a list shows it: enough to choose one."""

    number: int
    status: str
    event: str = ""
    branch: str = ""
    pull_request: int | None = None
    tag: str | None = None
    title: str = ""
    author: str = ""
    commit: str = ""
    when: str | None = None
    seconds: int | None = None


class BuildList(Answer):
    """Builds of one repository, newest first."""

    repo: str
    builds: tuple[BuildLine, ...]
    looked_at: str = ""
    left_out: str = ""
    cursor: str | None = None
    next_step: str = ""


class StepView(Part):
    """One step of a stage."""

    step: int
    name: str
    status: str
    exit_code: int | None = None
    seconds: int | None = None
    error: str = ""
    note: str = ""


class StageView(Part):
    """One stage (pipeline) of a build with its steps."""

    stage: int
    name: str
    status: str
    seconds: int | None = None
    error: str = ""
    waits_for: tuple[str, ...] = ()
    note: str = ""
    steps: tuple[StepView, ...] = ()
    folded: str = ""


class FirstFailure(Part):
    """What failed first in time."""

    stage: int
    stage_name: str
    step: int | None = None
    step_name: str | None = None
    exit_code: int | None = None
    error: str = ""


class BuildView(Answer):
    """A build and its stages and steps."""

    repo: str
    number: int
    status: str
    headline: str
    first_failure: FirstFailure | None = None
    stages: tuple[StageView, ...] = ()
    left_out: str = ""
    event: str = ""
    branch: str = ""
    pull_request: int | None = None
    tag: str | None = None
    commit: str = ""
    title: str = ""
    author: str = ""
    created: str | None = None
    started: str | None = None
    finished: str | None = None
    seconds: int | None = None
    about: dict[str, str] = Field(default_factory=dict)
    params: dict[str, str] = Field(default_factory=dict)
    page: str
    source: str = ""
    as_of: str | None = None
    note: str = ""
    next_step: str = ""


class WaitView(Answer):
    """What a wait came to."""

    finished: bool
    changes: tuple[str, ...] = ()
    cursor: str
    build: Annotated[BuildView, WithJsonSchema({"type": "object", "description": "as drone_get_build"})]
    note: str = ""
    next_step: str = ""
