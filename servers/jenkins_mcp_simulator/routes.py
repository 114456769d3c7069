"""The routes, by the segments of the path: an object is found step by step, as Jenkins' web framework does it."""

from __future__ import annotations

import json
from collections.abc import Callable
from functools import partial
from typing import TYPE_CHECKING, Any, Final
from urllib.parse import quote

from starlette.responses import RedirectResponse, Response

from jenkins_mcp_simulator import console, job_exports, pages, stages
from jenkins_mcp_simulator.artifacts import send_artifact
from jenkins_mcp_simulator.build_exports import export_build
from jenkins_mcp_simulator.queue_exports import export_item, export_queue
from jenkins_mcp_simulator.report_exports import export_tests
from jenkins_mcp_simulator.tree import Exported, MalformedTree, export, parse_tree
from jenkins_mcp_simulator.trigger_parameters import NOT_PARAMETERS, Refused, read_delay, read_parameters

if TYPE_CHECKING:
    from jenkins_mcp_simulator.records import Build, Job
    from jenkins_mcp_simulator.requests import Ask

API: Final = ["api", "json"]
ITEM: Final = "*,actions[parameters[*],causes[*]],task[name,url,color],executable[number,url]"


def answer(ask: Ask) -> Response:
    """Answer a request."""
    segments = ask.segments
    if segments == ["whoAmI", *API]:
        return _send(ask, _who_am_i(ask))
    if segments == ["login"]:
        return pages.login().response()
    ask.need("Overall/Read")
    if segments[:1] == ["job"]:
        return _answer_job(ask, segments)
    if segments[:2] == ["queue", "item"] and segments[3:] == API:
        return _answer_item(ask, segments[2])
    handler = ROUTES.get("/".join(segments))
    if handler is None:
        raise pages.not_found()
    return handler(ask)


def _answer_job(ask: Ask, segments: list[str]) -> Response:
    parts, rest = [], segments
    while len(rest) > 1 and rest[0] == "job":
        parts.append(rest[1])
        rest = rest[2:]
    job = ask.world.find_job(parts)
    if job is None or not parts:
        raise pages.not_found()
    if not ask.may_read(job):
        if ask.user.may("Job/Discover") and not job.hidden:
            raise pages.discover_only(job.full_name)
        raise pages.not_found()
    match rest:
        case []:
            return RedirectResponse(f"{ask.path}/", 302)
        case ["api", "json"]:
            return _send(ask, job_exports.export_job(ask.world, job, partial(_visible, ask)))
        case ["build" | "buildWithParameters" as verb]:
            return _trigger(ask, job, verb)
        case [name, *more] if not job.is_container:
            build = ask.world.find_build(job, name)
            if build is None:
                raise pages.not_found()
            return _answer_build(ask, build, more)
        case _:
            raise pages.not_found()


def _answer_build(ask: Ask, build: Build, rest: list[str]) -> Response:
    if rest[:1] == ["artifact"] and build.plan.artifacts and not build.is_running:
        return send_artifact(ask, build, rest[1:])
    for pattern, of_pipelines, handler in BUILD_ROUTES:
        if len(pattern) == len(rest) and all(part in {"*", name} for part, name in zip(pattern, rest, strict=True)):
            if of_pipelines and build.job.kind != "pipeline":
                break
            if "wfapi" in rest and not ask.world.has_stage_view:
                break
            return handler(ask, build, [name for part, name in zip(pattern, rest, strict=True) if part == "*"])
    if rest[:1] in (["wfapi"], ["testReport"]):
        raise pages.no_such_action()
    raise pages.not_found()


def _send_console(ask: Ask, build: Build, _: list[str]) -> Response:
    stored = console.stored_log(build, ask.world.now())
    return Response(console.without_notes(stored), headers={"content-type": "text/plain;charset=utf-8"})


def _send_tests(ask: Ask, build: Build, _: list[str]) -> Response:
    if not build.plan.tests or build.is_running:
        raise pages.no_such_action()
    return _send(ask, export_tests(build))


def _trigger(ask: Ask, job: Job, verb: str) -> Response:
    if job.kind == "folder":
        raise pages.not_found()
    ask.need_post()
    ask.need("Job/Build")
    if job.kind == "multibranch":
        return RedirectResponse(f"{ask.path.removesuffix('/build')}/", 302)  # it looks for branches, and queues nothing
    if job.disabled:
        raise pages.container_page(409, f"{job.name} is not buildable", ask.path)
    has_parameters = bool(job.parameters)
    if verb == "build" and has_parameters:
        raise pages.container_page(400, "Nothing is submitted", ask.path)
    if verb == "buildWithParameters" and not has_parameters:
        raise pages.container_page(400, f"{job.name} is not parameterized", ask.path)
    given = {name: value for name, value in ask.values.items() if name not in NOT_PARAMETERS}
    runs = [f"{other.full_name}#{build.number}" for other in ask.world.root.walk() for build in other.builds]
    values = read_parameters(job, given, ask.files, ask.repeated, runs)
    delay = read_delay(ask.values.get("delay"))
    item, is_new = ask.world.trigger(job, [_cause_of(ask)], values, delay)
    # Of the request's own host and not of the configured address.
    location = f"{ask.request.url.scheme}://{ask.request.headers['host']}{ask.world.prefix}/queue/item/{item.id}/"
    return Response(status_code=201 if is_new or verb == "build" else 303, headers={"location": location})


def _rebuild(ask: Ask, build: Build) -> Response:
    ask.need_post()
    ask.need("Job/Build")
    cause: dict[str, object] = {
        "_class": "org.jenkinsci.plugins.workflow.cps.replay.ReplayCause",
        "shortDescription": f"Rebuilt #{build.number}",
    }
    ask.world.trigger(build.job, [_cause_of(ask), cause], dict(build.parameters), 0)
    return RedirectResponse(f"{ask.path.removesuffix(f'/{build.number}/replay/rebuild')}/", 302)


def _stop(ask: Ask, build: Build, verb: str) -> Response:
    ask.need_post()
    if build.is_running:
        ask.need("Job/Cancel")
    if verb != "stop" and build.job.kind != "pipeline":
        return RedirectResponse(f"{ask.path}/", 302)  # only pipelines have `term` and `kill`
    ask.world.stop(build, ask.user.name, hard=verb != "stop")
    return RedirectResponse(f"{ask.path.removesuffix(f'/{verb}')}/", 302)


def _cancel(ask: Ask) -> Response:
    ask.need_post()
    number = ask.values.get("id", "")
    item = ask.world.find_item(int(number)) if number.isdecimal() else None
    # One that may not be read is not there (jenkinsci/jenkins, hudson/model/Queue.java, doCancelItem).
    if item is None or not ask.may_read(item.job):
        raise pages.oops(404, ask.world.derive_hex("cancel", number))
    if not ask.user.may("Job/Cancel"):
        raise pages.oops(422, ask.world.derive_hex("cancel", number))
    if item.has_left:
        raise Refused(number)
    ask.world.cancel(item)
    return Response(status_code=204)


def _answer_item(ask: Ask, number: str) -> Response:
    item = ask.world.find_item(int(number)) if number.isdecimal() else None
    if item is None or not ask.may_read(item.job):
        raise pages.not_found()
    return _send(ask, export_item(ask.world, item), ITEM)


def _send_queue(ask: Ask) -> Response:
    waiting = list(ask.world.waiting())
    seen = [item for item in waiting if ask.may_read(item.job)]
    discovered = [item for item in waiting if item not in seen and ask.user.may("Job/Discover") and not item.job.hidden]
    return _send(ask, export_queue(ask.world, seen, discovered))


def _send_log(ask: Ask, stored: bytes, *, is_complete: bool) -> Response:
    start = ask.values.get("start", "0")
    if not start.lstrip("-").isdecimal():
        raise Refused(start)
    wants_parts = ask.world.knows_log_parts and "multipart/form-data" in ask.request.headers.get("accept", "")
    form = console.two_parts if wants_parts else console.progressive
    body, headers = form(stored, int(start), is_complete=is_complete)
    return Response(b"" if ask.method == "HEAD" else body, headers=headers)


def _send(ask: Ask, thing: Exported, default: str = "*") -> Response:
    """Send an object with the fields that `tree` names, or those that it shows by itself."""
    try:
        return _json(export(thing, parse_tree(ask.values.get("tree", default))))
    except MalformedTree as malformed:
        raise Refused(str(malformed)) from malformed


def _json(data: Any) -> Response:
    body = json.dumps(data, ensure_ascii=False, separators=(",", ":"))
    headers = {"content-type": "application/json;charset=utf-8", "x-jenkins": pages.VERSION, "x-frame-options": "deny"}
    return Response(body, headers=headers)


def _send_crumb(ask: Ask) -> Response:
    session = ask.request.cookies.get("JSESSIONID") or ask.world.derive_hex("session", len(ask.world.crumbs))
    crumb = ask.world.crumbs.setdefault(session, ask.world.derive_hex("crumb", session))
    response = _json(
        {
            "_class": "hudson.security.csrf.DefaultCrumbIssuer",
            "crumb": crumb,
            "crumbRequestField": "Jenkins-Crumb",
        }
    )
    response.set_cookie("JSESSIONID", session, path="/", httponly=True, samesite="lax")
    return response


def _who_am_i(ask: Ask) -> Exported:
    is_anonymous = ask.user.name == "anonymous"
    fields = {
        "name": lambda: ask.user.name,
        "anonymous": lambda: is_anonymous,
        "authenticated": lambda: True,
        "authorities": lambda: ["anonymous" if is_anonymous else "authenticated"],
    }
    return Exported("hudson.security.WhoAmI", fields)


def _visible(ask: Ask, folder: Job) -> list[Job]:
    """Return the jobs of a folder that the user may see, by name."""
    seen = [job for job in folder.children.values() if ask.may_read(job)]
    return sorted(seen, key=lambda job: quote(job.name).lower())


def _cause_of(ask: Ask) -> dict[str, object]:
    return {
        "_class": "hudson.model.Cause$UserIdCause",
        "shortDescription": f"Started by user {ask.user.name}",
        "userId": ask.user.name,
        "userName": ask.user.name,
    }


ROUTES: Final[dict[str, Callable[[Ask], Response]]] = {
    "api/json": lambda ask: _send(ask, job_exports.export_root(ask.world, partial(_visible, ask))),
    "crumbIssuer/api/json": _send_crumb,
    "queue/api/json": _send_queue,
    "queue/cancelItem": _cancel,
    "computer/api/json": lambda ask: _send(ask, job_exports.export_nodes(ask.world)),
}
BuildHandler = Callable[["Ask", "Build", list[str]], Response]
# Pattern below the build, whether only pipelines have it, handler.
BUILD_ROUTES: Final[list[tuple[tuple[str, ...], bool, BuildHandler]]] = [
    (("api", "json"), False, lambda ask, build, _: _send(ask, export_build(ask.world, build))),
    (("consoleText",), False, _send_console),
    (
        ("logText", "progressiveText"),
        False,
        lambda ask, build, _: _send_log(
            ask, console.stored_log(build, ask.world.now()), is_complete=not build.is_running
        ),
    ),
    (("stop",), False, lambda ask, build, _: _stop(ask, build, "stop")),
    (("term",), False, lambda ask, build, _: _stop(ask, build, "term")),
    (("kill",), False, lambda ask, build, _: _stop(ask, build, "kill")),
    (("testReport", "api", "json"), False, _send_tests),
    (("wfapi", "describe"), True, lambda ask, build, _: _json(stages.describe_build(build, ask.world.now()))),
    (("wfapi", "artifacts"), True, lambda _, build, __: _json(stages.list_artifacts(build))),
    (
        ("wfapi", "pendingInputActions"),
        True,
        lambda ask, build, _: _json(stages.list_pending_inputs(build, ask.world.now())),
    ),
    (
        ("execution", "node", "*", "wfapi", "describe"),
        True,
        lambda ask, build, names: _json(stages.describe_stage(build, names[0], ask.world.now())),
    ),
    (
        ("execution", "node", "*", "log", "logText", "progressiveText"),
        True,
        lambda ask, build, names: _send_log(
            ask, stages.step_log(build, names[0]).encode(), is_complete=not build.is_running
        ),
    ),
    (("replay", "rebuild"), True, lambda ask, build, _: _rebuild(ask, build)),
]
