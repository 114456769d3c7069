"""Drone's records as its handlers encode them (harness/drone v2.25.0, `core/*.go`): keys, order and `omitempty`."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any, ClassVar


class Record:
    """A Go struct: the fields are its JSON keys in order; `OMIT` are tagged `omitempty`, `HIDDEN` are tagged `-`."""

    OMIT: ClassVar[frozenset[str]] = frozenset()
    HIDDEN: ClassVar[frozenset[str]] = frozenset()

    def to_json(self, **extra: Any) -> dict[str, Any]:
        """Return the record as JSON data; `extra` replaces fields, and an empty value there omits the field."""
        shown: dict[str, Any] = {}
        for name in self.__dataclass_fields__:  # type: ignore[attr-defined]  # every subclass is a dataclass
            if name in self.HIDDEN:
                continue
            value = extra[name] if name in extra else getattr(self, name)
            if not value and (name in self.OMIT or name in extra):
                continue
            shown[name] = _to_plain(value)
        return shown


def _to_plain(value: Any) -> Any:
    if isinstance(value, Record):
        return value.to_json()
    if isinstance(value, list):
        return [_to_plain(item) for item in value]
    if isinstance(value, dict):
        return {key: value[key] for key in sorted(value)}  # Go sorts the keys of a map
    return value


@dataclass
class User(Record):
    """`core/user.go`; `token` is the column `user_hash`, never encoded."""

    HIDDEN = frozenset({"token"})

    id: int
    login: str
    email: str = ""
    machine: bool = False
    admin: bool = False
    active: bool = True
    avatar: str = ""
    syncing: bool = False
    synced: int = 0
    created: int = 0
    updated: int = 0
    last_login: int = 0
    token: str = field(default="", repr=False)


@dataclass
class Perm(Record):
    """`core/perm.go`; only the list of collaborators shows the times."""

    HIDDEN = frozenset({"synced", "created", "updated"})

    read: bool = False
    write: bool = False
    admin: bool = False
    synced: int = 0
    created: int = 0
    updated: int = 0


@dataclass
class Step(Record):
    """`core/step.go`; `step_id` holds the stage's id, as in Drone."""

    OMIT = frozenset({"error", "errignore", "started", "stopped", "depends_on", "image", "detached", "schema"})

    id: int
    step_id: int
    number: int
    name: str
    status: str = "pending"
    error: str = ""
    errignore: bool = False
    exit_code: int = 0
    started: int = 0
    stopped: int = 0
    version: int = 1
    depends_on: list[str] = field(default_factory=list)
    image: str = ""
    detached: bool = False
    schema: str = ""


@dataclass
class Stage(Record):
    """`core/stage.go`."""

    OMIT = frozenset(
        {"kind", "type", "error", "machine", "variant", "kernel", "limit", "throttle", "depends_on", "labels", "steps"}
    )

    id: int
    repo_id: int
    build_id: int
    number: int
    name: str
    kind: str = "pipeline"
    type: str = "docker"
    status: str = "pending"
    error: str = ""
    errignore: bool = False
    exit_code: int = 0
    machine: str = ""
    os: str = "linux"
    arch: str = "amd64"
    variant: str = ""
    kernel: str = ""
    limit: int = 0
    throttle: int = 0
    started: int = 0
    stopped: int = 0
    created: int = 0
    updated: int = 0
    version: int = 1
    on_success: bool = True
    on_failure: bool = False
    depends_on: list[str] = field(default_factory=list)
    labels: dict[str, str] = field(default_factory=dict)
    steps: list[Step] = field(default_factory=list)


@dataclass
class Build(Record):
    """`core/build.go`; `timestamp` is 0 in all of 2.x."""

    OMIT = frozenset({"parent", "error", "title", "params", "cron", "deploy_to", "deploy_id", "debug", "stages"})

    id: int = 0
    repo_id: int = 0
    trigger: str = ""
    number: int = 0
    parent: int = 0
    status: str = "pending"
    error: str = ""
    event: str = "push"
    action: str = ""
    link: str = ""
    timestamp: int = 0
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
    params: dict[str, str] = field(default_factory=dict)
    cron: str = ""
    deploy_to: str = ""
    deploy_id: int = 0
    debug: bool = False
    started: int = 0
    finished: int = 0
    created: int = 0
    updated: int = 0
    version: int = 1
    stages: list[Stage] = field(default_factory=list)

    def bare(self) -> dict[str, Any]:
        """Return the build without stages, as lists show it."""
        return self.to_json(stages=None)


@dataclass
class Repo(Record):
    """`core/repo.go`; `timeout` in minutes. `signer` signs incoming hooks, `secret` encrypts; neither is encoded."""

    OMIT = frozenset({"throttle", "build", "permissions"})
    HIDDEN = frozenset({"signer", "secret"})

    id: int
    uid: str
    user_id: int
    namespace: str
    name: str
    slug: str
    scm: str = ""
    git_http_url: str = ""
    git_ssh_url: str = ""
    link: str = ""
    default_branch: str = "main"
    private: bool = False
    visibility: str = "public"
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
    version: int = 1
    build: dict[str, Any] | None = None
    permissions: Perm | None = None
    archived: bool = False
    signer: str = field(default="", repr=False)
    secret: str = field(default="", repr=False)

    def to_json(self, **extra: Any) -> dict[str, Any]:
        """Return `Record.to_json`; a `build` in `extra` keeps its own key order."""
        build = extra.pop("build", None)
        shown = super().to_json(**extra)
        if not build:
            return shown
        tail: dict[str, Any] = {key: shown.pop(key) for key in ("permissions", "archived") if key in shown}
        return {**shown, "build": build, **tail}


@dataclass
class Cron(Record):
    """`core/cron.go`; `created`, `updated` and `version` stay 0."""

    OMIT = frozenset({"target"})

    id: int
    repo_id: int
    name: str
    expr: str
    next: int = 0
    prev: int = 0
    event: str = "push"
    branch: str = ""
    target: str = ""
    disabled: bool = False
    created: int = 0
    updated: int = 0
    version: int = 0


@dataclass
class Secret(Record):
    """`core/secret.go`; the value is never encoded."""

    OMIT = frozenset({"id", "repo_id", "namespace", "name", "type", "pull_request", "pull_request_push"})
    HIDDEN = frozenset({"data"})

    id: int
    repo_id: int = 0
    namespace: str = ""
    name: str = ""
    type: str = ""
    data: str = field(default="", repr=False)
    pull_request: bool = False
    pull_request_push: bool = False


@dataclass
class Template(Record):
    """`core/template.go`."""

    OMIT = frozenset({"id", "name", "namespace", "data", "created", "updated"})

    id: int
    name: str = ""
    namespace: str = ""
    data: str = ""
    created: int = 0
    updated: int = 0
