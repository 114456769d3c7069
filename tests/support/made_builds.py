"""Builds as Drone would send them, in the making: what a test does not say is ordinary."""

from __future__ import annotations

from typing import Any

from hypothesis import strategies as st

from drone_mcp_client.models import Build, Stage, Step

T0 = 1_795_255_000
COMMIT = "0123456789abcdef0123456789abcdef01234567"


def made_step(number: int, name: str, status: str = "success", **more: Any) -> dict[str, Any]:
    """Make a step of ten seconds; the first begins at T0."""
    began = {} if status in {"pending", "skipped"} else {"started": T0 + 10 * number - 10}
    ended = {} if status in {"pending", "running"} else {"stopped": T0 + 10 * number}
    return {"number": number, "name": name, "status": status, "exit_code": 0, **began, **ended, **more}


def made_stage(number: int, name: str, status: str = "success", *steps: dict[str, Any], **more: Any) -> dict[str, Any]:
    """Make a stage of a docker pipeline on linux/amd64."""
    facts = {"kind": "pipeline", "type": "docker", "os": "linux", "arch": "amd64", "on_success": True}
    began = {} if status in {"pending", "blocked", "waiting_on_dependencies"} else {"started": T0, "stopped": T0 + 60}
    if status == "running":
        began = {"started": T0}
    within = {"steps": list(steps)} if steps else {}
    return {"number": number, "name": name, "status": status, **facts, **began, **within, **more}


def made_build(number: int, status: str = "success", *stages: dict[str, Any], **more: Any) -> dict[str, Any]:
    """Make a push build of main; later builds have higher numbers and are newer."""
    facts = {
        "id": number, "repo_id": 1, "trigger": "@hook", "event": "push", "ref": "refs/heads/main", "source": "main",
        "target": "main", "after": COMMIT, "message": f"Change {number}\n\nIn detail.", "author_login": "mona",
        "author_name": "Mona", "author_email": "mona@example.com", "sender": "mona",
        "link": f"https://git.example.com/octo/hello/commit/{COMMIT}", "created": T0 + number, "started": T0 + number,
        "finished": T0 + number + 60,
    }  # fmt: skip
    if status in {"pending", "running"}:
        facts["finished"] = 0
    if status == "pending":
        facts["started"] = 0
    within = {"stages": list(stages)} if stages else {}
    return {"number": number, "status": status, **facts, **within, **more}


def failing_build(number: int = 41, **more: Any) -> dict[str, Any]:
    """Make a build whose step `test` exits with 3."""
    steps = (
        made_step(1, "clone"),
        made_step(2, "compile"),
        made_step(3, "test", "failure", exit_code=3),
        made_step(4, "publish", "skipped"),
    )
    return made_build(number, "failure", made_stage(1, "default", "failure", *steps), **more)


def made_repo(slug: str, build: dict[str, Any] | None = None, **more: Any) -> dict[str, Any]:
    """Make an active public repository."""
    namespace, _, name = slug.partition("/")
    facts = {"namespace": namespace, "name": name, "slug": slug, "default_branch": "main", "visibility": "public"}
    return {"id": 1, "active": True, **facts, **({"build": build} if build else {}), **more}


# Anything at all, up to hundreds of steps with long names in any script.

STATUSES = (
    "pending", "running", "blocked", "waiting_on_dependencies", "success", "failure", "killed", "skipped", "declined",
    "error", "from a later release",
)  # fmt: skip
_statuses = st.sampled_from(STATUSES)
_times = st.sampled_from((0, T0, T0 + 5, T0 + 90, T0 + 10_000, 1 << 60))
_texts = st.one_of(st.sampled_from(("", "test", "a" * 300)), st.text(max_size=80))
_codes = st.sampled_from((0, 1, 2, 78, 130, 137, 255))

any_steps = st.builds(
    Step,
    number=st.integers(1, 500),
    name=_texts,
    status=_statuses,
    error=_texts,
    errignore=st.booleans(),
    exit_code=_codes,
    started=_times,
    stopped=_times,
    detached=st.booleans(),
)
any_stages = st.builds(
    Stage,
    number=st.integers(1, 80),
    name=_texts,
    status=_statuses,
    error=_texts,
    errignore=st.booleans(),
    machine=_texts,
    os=_texts,
    arch=_texts,
    labels=st.dictionaries(_texts, _texts, max_size=3),
    depends_on=st.lists(_texts, max_size=3).map(tuple),
    started=_times,
    stopped=_times,
    on_success=st.booleans(),
    on_failure=st.booleans(),
    steps=st.lists(any_steps, max_size=60, unique_by=lambda step: step.number).map(tuple),
)
any_builds = st.builds(
    Build,
    number=st.integers(1, 2**62),
    status=_statuses,
    error=_texts,
    event=st.sampled_from(("push", "pull_request", "tag", "custom")),
    ref=st.sampled_from(("", "refs/heads/main", "refs/pull/7/head", "refs/tags/v1", "refs/pull/x/head")),
    title=_texts,
    message=_texts,
    author_login=_texts,
    source=_texts,
    source_repo=_texts,
    target=_texts,
    link=_texts,
    cron=_texts,
    deploy_to=_texts,
    params=st.dictionaries(_texts, _texts, max_size=12),
    created=_times,
    started=_times,
    finished=_times,
    stages=st.lists(any_stages, max_size=30, unique_by=lambda stage: stage.number).map(tuple),
)
