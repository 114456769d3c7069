"""The data of Drone's API, typed.

Field names are Drone's own. Times are Unix seconds, 0 where not set, unless a field says otherwise. Fields that
Drone leaves out have the value that Drone means by that; fields that this version does not know are ignored, and a
status or event that it does not know is kept as it came, so that a newer Drone does not break an older client.

See drone/drone v2.25.0, core/*.go and handler/api/**; recorded answers of a real server are read by the tests.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Any, TypeVar

from pydantic import BaseModel, ConfigDict, Field
from pydantic_core import core_schema

if TYPE_CHECKING:
    from pydantic import GetCoreSchemaHandler

T = TypeVar("T")


class _Nil:
    """Reads `null`, as Go writes a nil slice or map, as an empty one, without a call to Python for other values."""

    def __init__(self, empty: Any) -> None:
        self._empty = empty

    def __get_pydantic_core_schema__(self, source: Any, handler: GetCoreSchemaHandler) -> core_schema.CoreSchema:
        """Try the type itself first, then `null`."""
        inner = handler(source)
        nil = core_schema.no_info_after_validator_function(lambda _: self._empty, core_schema.none_schema())
        return core_schema.union_schema([inner, nil], mode="left_to_right")


Many = Annotated[tuple[T, ...], _Nil(())]
Table = Annotated[dict[str, T], _Nil({})]


class DroneModel(BaseModel):
    """The base: immutable, ignores unknown fields, and builds its validator on first use, to start fast."""

    model_config = ConfigDict(extra="ignore", frozen=True, defer_build=True, populate_by_name=True)


class User(DroneModel):
    """A person or a machine account."""

    id: int
    login: str
    email: str = ""
    machine: bool = False
    admin: bool = False
    active: bool = False
    avatar: str = ""
    syncing: bool = False
    synced: int = 0
    created: int = 0
    updated: int = 0
    last_login: int = 0


class Permissions(DroneModel):
    """The caller's rights in a repository."""

    read: bool = False
    write: bool = False
    admin: bool = False


class Collaborator(Permissions):
    """A user's row in a repository's permissions; `repo_id` is the source host's id, a string."""

    user_id: int
    repo_id: str
    login: str
    avatar: str = ""
    synced: int = 0
    created: int = 0
    updated: int = 0


class Step(DroneModel):
    """One step of a stage. Steps exist only once a runner has started the stage.

    `step_id` is the id of the *stage*: a mistake in Drone's JSON, kept for compatibility (core/step.go).
    """

    id: int = 0
    step_id: int = 0
    number: int
    name: str
    status: str
    error: str = ""
    errignore: bool = False
    exit_code: int = 0
    started: int = 0
    stopped: int = 0
    version: int = 0
    depends_on: Many[str] = ()
    image: str = ""
    detached: bool = False
    card_schema: Annotated[str, Field(alias="schema")] = ""  # `schema` is a method of pydantic's BaseModel


class Stage(DroneModel):
    """One pipeline of a build; an item of the queue is a stage without steps.

    `exit_code` stays 0 where the stage failed through a failing step; it is 255 for `error` and 137 for a stage
    that its runner killed.
    """

    id: int = 0
    repo_id: int = 0
    build_id: int = 0
    number: int
    name: str
    kind: str = ""
    type: str = ""
    status: str
    error: str = ""
    errignore: bool = False
    exit_code: int = 0
    machine: str = ""
    os: str = ""
    arch: str = ""
    variant: str = ""
    kernel: str = ""
    limit: int = 0
    throttle: int = 0
    started: int = 0
    stopped: int = 0
    created: int = 0
    updated: int = 0
    version: int = 0
    on_success: bool = False
    on_failure: bool = False
    depends_on: Many[str] = ()
    labels: Table[str] = Field(default_factory=dict)
    steps: Many[Step] = ()


class Build(DroneModel):
    """One build.

    `target` is the target *branch*, `deploy_to` the environment of a promotion. `parent` is the number of the build
    that was restarted or promoted, 0 for a fresh one. `stages` is empty in lists, in the answer to a create or
    restart, and for a build that failed at its trigger (`error` then says why).
    """

    id: int = 0
    repo_id: int = 0
    trigger: str = ""
    number: int
    parent: int = 0
    status: str
    error: str = ""
    event: str = ""
    action: str = ""
    link: str = ""
    timestamp: int = 0  # always 0: Drone 2.25 does not set it (trigger/trigger.go)
    title: str = ""
    message: str = ""
    before: str = ""
    after: str = ""
    ref: str = ""
    source_repo: str = ""
    source: str = ""
    target: str = ""
    author_login: str = ""
    author_name: str = ""
    author_email: str = ""
    author_avatar: str = ""
    sender: str = ""
    params: Table[str] = Field(default_factory=dict)
    cron: str = ""
    deploy_to: str = ""
    deploy_id: int = 0
    debug: bool = False
    started: int = 0
    finished: int = 0
    created: int = 0
    updated: int = 0  # set at the creation and at the start only: `version` shows every change
    version: int = 0
    stages: Many[Stage] = ()


class Repo(DroneModel):
    """A repository. `counter` is the number of its newest build, `timeout` is in minutes.

    `build` is there in lists with the latest build and in events, `permissions` where Drone has a row for the
    caller.
    """

    id: int = 0
    uid: str = ""  # the source host's id
    user_id: int = 0  # of the owner; 0: the repository was never enabled
    namespace: str
    name: str
    slug: str
    scm: str = ""
    git_http_url: str = ""
    git_ssh_url: str = ""
    link: str = ""
    default_branch: str = ""
    private: bool = False
    visibility: str = ""
    active: bool = False
    config_path: str = ""
    trusted: bool = False
    protected: bool = False
    ignore_forks: bool = False
    ignore_pull_requests: bool = False
    auto_cancel_pull_requests: bool = False
    auto_cancel_pushes: bool = False
    auto_cancel_running: bool = False
    timeout: int = 0
    throttle: int = 0
    counter: int = 0
    synced: int = 0
    created: int = 0
    updated: int = 0
    version: int = 0
    build: Build | None = None
    permissions: Permissions | None = None
    archived: bool = False  # always false from the database, which does not store it


class Line(DroneModel):
    """One write of a step, not always one line.

    `out` brings its own line end if it has one, and may be empty or part of a line. `pos` counts from 0 over all that
    the step wrote, so that it starts above 0 where the runner dropped the head. `time` is seconds since the step began.
    """

    pos: int = 0
    out: str = ""
    time: int = 0


class IncompleteStage(DroneModel):
    """A stage that waits or runs, with its build and repository (`/api/builds/incomplete/v2`)."""

    repo_namespace: str
    repo_name: str
    repo_slug: str
    build_number: int
    build_author: str = ""
    build_author_name: str = ""
    build_author_email: str = ""
    build_author_avatar: str = ""
    build_sender: str = ""
    build_started: int = 0
    build_finished: int = 0
    build_created: int = 0
    build_updated: int = 0
    stage_name: str = ""
    stage_kind: str = ""
    stage_type: str = ""
    stage_status: str = ""
    stage_machine: str = ""
    stage_os: str = ""
    stage_arch: str = ""
    stage_variant: str = ""
    stage_kernel: str = ""
    stage_limit: str = ""  # text here, a number in `Stage` (core/repo.go)
    stage_limit_repo: str = ""
    stage_started: int = 0
    stage_stopped: int = 0


class Cron(DroneModel):
    """A scheduled job. `expr` has a leading field for seconds, unlike crontab."""

    id: int = 0
    repo_id: int = 0
    name: str
    expr: str = ""
    next: int = 0
    prev: int = 0
    event: str = ""
    branch: str = ""
    target: str = ""
    disabled: bool = False
    created: int = 0
    updated: int = 0
    version: int = 0


class Secret(DroneModel):
    """A secret's name and rules. Drone never sends its value, and this model has no place for one."""

    id: int = 0
    repo_id: int = 0
    namespace: str = ""
    name: str = ""
    type: str = ""
    pull_request: bool = False
    pull_request_push: bool = False


class Template(DroneModel):
    """A pipeline template of a namespace."""

    id: int = 0
    name: str = ""
    namespace: str = ""
    data: str = ""
    created: int = 0
    updated: int = 0


class Total(DroneModel):
    """A count."""

    total: int = 0


class ActiveRepos(DroneModel):
    """How many repositories are enabled."""

    active: int = 0


class BuildCounts(Total):
    """How many builds there are, and how many have a stage that waits or runs."""

    pending: int = 0
    running: int = 0


class Subscribers(DroneModel):
    """How many clients listen to the event feed."""

    subscribers: int = 0


class Platform(Subscribers):
    """A platform's part of the queue; Drone never counts linux/amd64 here."""

    os: str = ""
    arch: str = ""
    variant: str = ""
    kernel: str = ""
    pending: int = 0
    running: int = 0


class Statistics(DroneModel):
    """The server's counters (`/api/system/stats`)."""

    users: Total = Total()
    repos: ActiveRepos = ActiveRepos()
    builds: BuildCounts = BuildCounts()
    pipelines: Many[Platform] = ()
    events: Subscribers = Subscribers()
    streams: Table[int] = {}
    watchers: Table[int] = {}


class ServerVersion(DroneModel):
    """The answer of `/version`."""

    version: str = ""
    source: str = ""
    commit: str = ""


class System(DroneModel):
    """The server that sent a webhook; `link` is the address that its pages begin with."""

    proto: str = ""
    host: str = ""
    link: str = ""
    version: str = ""


class Event(DroneModel):
    """The body of one global webhook delivery: a snapshot, without an id, a sequence number or a time."""

    event: str
    action: str = ""
    user: User | None = None
    repo: Repo | None = None
    build: Build | None = None
    system: System = System()
