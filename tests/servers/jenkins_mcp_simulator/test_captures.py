"""The simulator answers like the real Jenkins: status, headers that matter, and the shape of what it says.

The world is the one of the recording as far as it matters: the same names, builds that ended alike, the same rights.
"""

from __future__ import annotations

import base64
import json
from typing import TYPE_CHECKING, Any
from urllib.parse import urlencode, urlsplit

import httpx
import pytest

from ci_mcp_simulator.clock import ManualClock
from jenkins_mcp_simulator.app import create_app
from jenkins_mcp_simulator.scenario import Scenario, make_world
from support.jenkins_captures import JenkinsCapture, jenkins_captures

if TYPE_CHECKING:
    from collections.abc import Callable

    from jenkins_mcp_simulator.world import World

SECRETS = {name: f"token-of-{name}" for name in ("dev", "viewer", "discoverer", "nobody", "admin")}
READS = ["Overall/Read", "Job/Read"]
ARTIFACTS = {
    "out/100% done+x.txt": "x",
    "out/a&b=c;d.txt": "x",
    "out/blob.bin": "x",
    "out/deep/er/numbers.txt": "".join(f"{number}\n" for number in range(1, 2001)),
    "out/dir one/a b.txt": "x",
    "out/empty.txt": "",
    "out/h#1?.txt": "x",
    "out/page.html": "<b>x</b>",
    "out/report.txt": "plain text\n",
    "out/ünï.txt": "x",
}
OK = {"log": "+ set +x\ncolored\nArchiving artifacts"}
PIPE_ENDS = [(end, end) for end in ("SUCCESS", "FAILURE", "UNSTABLE", "FAILURE")]
BRANCH = {"kind": "pipeline", "builds": [{"result": "FAILURE"}]}
SCENARIO = Scenario.model_validate(
    {
        "users": {
            "dev": {"token": SECRETS["dev"], "password": "of-dev", "may": [*READS, "Job/Build", "Job/Cancel"]},
            "viewer": {"token": SECRETS["viewer"], "may": READS},
            "discoverer": {"token": SECRETS["discoverer"], "may": ["Overall/Read", "Job/Discover"]},
            "nobody": {"token": SECRETS["nobody"]},
            "admin": {"token": SECRETS["admin"], "may": ["Overall/Administer"]},
        },
        "jobs": {
            "gate": {
                "kind": "pipeline",
                "next": {
                    "seconds": 60,
                    "stages": [{"name": "Deploy", "seconds": 50, "input": "Go to prod?", "node": 4}],
                },
            },
            "hello": {"builds": [{**OK, "artifacts": ARTIFACTS}] * 2, "description": "Says <b>hello</b>"},
            "label": {"label": "no-such-label"},
            "longpipe": {"kind": "pipeline", "builds": [{"result": "ABORTED"}]},
            "noop": {"builds": [OK]},
            "off": {"disabled": True},
            "params": {
                "builds": [OK] * 5,
                "parameters": [
                    {"name": "BRANCH", "default": "main"},
                    {"name": "DRY", "type": "boolean", "default": True},
                    {"name": "ENV", "type": "choice", "choices": ["dev", "prod"]},
                    {"name": "NOTES", "type": "text", "default": "line 1\nline 2"},
                    {"name": "PW", "type": "password", "default": "hidden"},
                    {"name": "up/data.bin", "type": "file"},
                    {"name": "UPSTREAM", "type": "run", "project": "hello"},
                ],
            },
            "pipe": {
                "kind": "pipeline",
                "parameters": [{"name": "MODE", "default": "ok"}],
                "builds": [
                    {
                        "artifacts": {"out/a b.txt": "art\n"},
                        "stages": [
                            {"name": "Build", "log": "+ echo from shell\nfrom shell", "node": 6},
                            {"name": "Par", "node": 13},
                            {"name": "left-in", "node": 19},
                            {"name": "Test", "status": status, "node": 30},
                        ],
                        "seconds": 4,
                        "result": result,
                    }
                    for status, result in PIPE_ENDS
                ],
            },
            "quiet": {"quiet_period": 3600},
            "red": {"builds": [{"result": "FAILURE"}]},
            "slow": {"parameters": [{"name": "N", "default": "1"}], "next": {"seconds": 60, "log": "tick\n" * 60}},
            "team": {
                "kind": "folder",
                "jobs": {
                    "api": {},
                    "empty": {"kind": "folder"},
                    "mb": {
                        "kind": "multibranch",
                        "jobs": {
                            "main": BRANCH,
                            "PR-12": BRANCH,
                            "feature%2Fx y": {**BRANCH, "display_name": "feature/x y"},
                            "release%2F2.0%25beta": {**BRANCH, "display_name": "release/2.0%beta"},
                        },
                    },
                    "sub folder": {"kind": "folder", "jobs": {"näme": {}}},
                },
            },
            "tests": {
                "builds": [
                    {
                        "result": "UNSTABLE",
                        "tests": [
                            {"name": "ok"},
                            {"name": "bad <x>", "status": "FAILED", "error": "expected", "trace": "at line"},
                            {"name": "later", "status": "SKIPPED", "skipped": "not yet"},
                        ],
                    }
                ]
                * 2
            },
        },
    }
)


def change_nothing(world: World) -> None:
    """Leave the world as the scenario has it."""


def run_slow(world: World, number: str = "1") -> None:
    """One build of `slow` runs."""
    job = world.root.children["slow"]
    world.trigger(job, [CAUSE], {"N": number}, 0)


CAUSE: dict[str, object] = {
    "_class": "hudson.model.Cause$UserIdCause",
    "shortDescription": "Started by user dev",
    "userId": "dev",
    "userName": "dev",
}


def item(world: World, name: str, number: int, delay: float | None = None) -> None:
    """An item of the queue with the number of the recording."""
    job = world.root.children[name]
    while True:
        parameters: dict[str, str | bool | None] = {"N": str(number)} if job.parameters else {}
        made, _ = world.trigger(job, [CAUSE], parameters, delay)
        if made.id >= number:
            return
        if made.build:
            world.finish(made.build, "SUCCESS")
        else:
            world.cancel(made)


def cancelled_at(world: World, number: int) -> None:
    blocked_at(world, number)
    world.cancel(world.items[number])


def stop_slow(world: World) -> None:
    run_slow(world)
    (build,) = world.root.children["slow"].builds
    world.stop(build, "dev")
    world.finish(build, "ABORTED")


def stop_longpipe(world: World) -> None:
    world.root.children["longpipe"].builds[0].stopped_by = "dev"


def reopen(world: World, name: str) -> None:
    build = world.root.children[name].builds[0]
    build.ended = build.result = None


def run_gate(world: World) -> None:
    world.trigger(world.root.children["gate"], [CAUSE], {}, 0)


def kill_gate(world: World) -> None:
    run_gate(world)
    (build,) = world.root.children["gate"].builds
    world.stop(build, "dev", hard=True)
    world.finish(build, "ABORTED")


def blocked_at(world: World, number: int) -> None:
    run_slow(world)
    item(world, "slow", number)


def merged(world: World) -> None:
    run_slow(world)
    world.trigger(world.root.children["slow"], [CAUSE], {"N": "2"}, 0)


def shutdown(world: World) -> None:
    item(world, "label", 45)
    world.quieting_down = True
    item(world, "noop", 46)


def start_up(world: World) -> None:
    world.starting_until = world.now() + 60


# What has to be so before a request is the one of the recording.
BEFORE: dict[str, Callable[[World], None]] = {
    **dict.fromkeys(("log-progressive-running", "log-progressive-past", "log-progressive-nonum"), run_slow),
    **dict.fromkeys(("log-consoleText-running", "log-lastBuild", "log-progressive-neg"), run_slow),
    **dict.fromkeys(("log-progressive-post", "log-progressive-tail", "viewer-stop-running"), run_slow),
    **dict.fromkeys(("stop-finished", "stop-get", "stop-running", "term-freestyle"), run_slow),
    **dict.fromkeys(("gate-describe", "gate-log", "gate-kill", "gate-term-before-stop", "gate-build-paused"), run_gate),
    **dict.fromkeys(("gate-build-killed", "gate-log-killed"), kill_gate),
    **dict.fromkeys(("queue-cancel", "queue-cancel-viewer"), lambda world: blocked_at(world, 45)),
    "page-422-message": lambda world: blocked_at(world, 66),
    "page-500-message": lambda world: cancelled_at(world, 66),
    **dict.fromkeys(("queue-cancel-again", "queue-item-cancelled"), lambda world: cancelled_at(world, 45)),
    **dict.fromkeys(("queue-item-blocked", "queue-list-discoverer"), lambda world: blocked_at(world, 44)),
    **dict.fromkeys(("starting-api_json-503", "starting-job_hello_1_consoleText-503", "starting-login-503"), start_up),
    "log-aborted": stop_slow,
    "longpipe-aborted": stop_longpipe,
    "longpipe-progressive": lambda world: reopen(world, "longpipe"),
    "queue-item-buildable-stuck": lambda world: item(world, "label", 42),
    "queue-item-left": lambda world: item(world, "hello", 31),
    "queue-item-params-any": lambda world: item(world, "params", 34),
    "queue-item-waiting": lambda world: item(world, "quiet", 41),
    "quieting-queue-item": shutdown,
    "trigger-slow-3-same": merged,
}

# Recorded under conditions that this world does not have, or about what no client of ours asks for.
LEFT_OUT = {
    "artifact-anon",  # the rest of these: other forms of an answer
    "artifact-dir-noslash",
    "artifact-etag",
    "artifact-fingerprint",
    "artifact-glob",
    "artifact-not-modified",
    "artifact-plus-unquoted",  # httpx would send it quoted in another way
    "artifact-raw-percent",
    "artifact-semicolon-raw",
    "artifact-traversal",
    "artifact-traversal-2",
    "artifact-traversal-backslash",
    "artifact-dir",
    "artifact-view",
    "artifact-zip-all",
    "artifact-zip-dir",
    "artifact-of-none",
    "queue-cancel-noid",
    "trigger-file-param",  # its body was not recorded
    "log-console-html",
    "executors",  # what runs on a machine
    "executors-pipeline",
    "list-view",
    "list-views",
    "fullname-query",
    "tree-wildcard",
    "mb-indexing-log",
    "queue-with-pipeline-step",  # a pipeline that waits for a machine
    "log-stream-tail-big",  # its log has 3.6 MB
    "pipe-wfapi-job",
    "job-folder",
    "log-lastBuild",
    "mb-branch-pr",
    "quieting-root",
    "testreport-case-2",
    "testreport-class",
    "tree-8k",  # the recording shortens it
    "trigger-json",  # a form of the route that no client needs
    "trigger-json-bad",
    "trigger-json-unknown",
    "job-no-slash-redirect",
}
PATHS = ("/job/", "/queue/", "/whoAmI/api/json", "/crumbIssuer/", "/computer/api/json", "/api/json", "/login")
TAILS = (
    "/api/json",
    "/build",
    "/buildWithParameters",
    "/stop",
    "/term",
    "/kill",
    "/consoleText",
    "/logText/progressiveText",
    "/testReport/api/json",
    "/wfapi/describe",
    "/wfapi/artifacts",
    "/queue/cancelItem",
    "/replay/rebuild",
)


def concerns_us(capture: JenkinsCapture) -> bool:
    """Whether a request is one that our client makes: with `tree` where Jenkins takes one, of a route that it uses."""
    path, _, query = capture.path.partition("?")
    if capture.name in LEFT_OUT or not path.startswith(PATHS) or path.startswith("/job/job"):
        return False
    if "/artifact/" in path:
        return True
    if capture.name.startswith("list-root-default") or "primaryView" in query:
        return False
    if not path.endswith(TAILS):
        return capture.name.startswith("starting-")
    plain_json = path.endswith("/api/json") and "tree=" not in query and capture.status == 200
    odd = any(word in query for word in ("jsonp", "depth", "xpath", "pretty", "fullName", "monitorData", "fingerprint"))
    known = path.startswith(("/whoAmI", "/crumbIssuer", "/queue/item"))
    return not odd and (not plain_json or known)


OURS = [capture for capture in jenkins_captures() if concerns_us(capture)]


def shape(value: Any) -> Any:
    """The kinds of a value's parts: names of fields, kinds of values, and for a list the kinds of its entries."""
    if isinstance(value, dict):
        return {name: shape(part) for name, part in value.items()}
    if isinstance(value, list):
        return [json.loads(text) for text in sorted({json.dumps(shape(part), sort_keys=True) for part in value})]
    return "number" if isinstance(value, int | float) and not isinstance(value, bool) else type(value).__name__


# What the simulator says less of than Jenkins does: actions that export nothing, links, icons.
NOT_SHOWN = {"_links", "iconClassName", "iconUrl", "flakyFailures", "url"}


def compare(seen: Any, simulated: Any, at: str = "") -> list[str]:
    """Return where two answers differ in kind. A list is compared by the entries of the same class."""
    if isinstance(seen, dict) and isinstance(simulated, dict):
        names = (seen.keys() | simulated.keys()) - NOT_SHOWN
        missing = [f"{at}.{name}" for name in names if (name in seen) != (name in simulated)]
        both = [name for name in names if name in seen and name in simulated]
        return missing + [fault for name in both for fault in compare(seen[name], simulated[name], f"{at}.{name}")]
    if isinstance(seen, list) and isinstance(simulated, list):
        classes = {part["_class"]: part for part in seen if isinstance(part, dict) and "_class" in part}
        pairs = [(classes.get(part.get("_class")), part) for part in simulated if isinstance(part, dict)]
        faults = [compare(known, part, f"{at}[]") for known, part in pairs if known is not None]
        return [fault for found in faults for fault in found]
    if seen is None or simulated is None:
        return []
    return [] if shape(seen) == shape(simulated) else [f"{at}: {shape(seen)} is {shape(simulated)}"]


def authorization(capture: JenkinsCapture) -> dict[str, str]:
    kind, _, name = capture.user.rpartition(" of ")
    if capture.name == "auth-malformed-basic":
        return {"authorization": "Basic !!!"}
    if capture.name == "auth-bearer":
        return {"authorization": "Bearer something"}
    if not kind:
        return {}
    secret = SECRETS.get(name, "x") if kind == "API token" else "" if "empty" in capture.name else "of-dev"
    secret = "wrong" if capture.name == "auth-bad-token" else secret
    return {"authorization": f"Basic {base64.b64encode(f'{name}:{secret}'.encode()).decode()}"}


@pytest.mark.parametrize("capture", OURS, ids=str)
async def test_the_simulator_answers_like_jenkins(capture: JenkinsCapture) -> None:
    world = make_world(SCENARIO, ManualClock())
    BEFORE.get(capture.name, change_nothing)(world)
    headers = {**authorization(capture), **capture.content["request"]["headers"]}
    headers.pop("Cookie", None)  # the recording hides it
    body = capture.content["request"]["body"]
    transport = httpx.ASGITransport(create_app(world))
    async with httpx.AsyncClient(transport=transport, base_url="http://127.0.0.1:8099") as client:
        if capture.name == "crumb-with-cookie":
            crumb = (await client.get("/crumbIssuer/api/json", headers=headers)).json()["crumb"]
            headers["Jenkins-Crumb"] = crumb
        content = urlencode(body).encode() if isinstance(body, dict) else b""
        if content:
            headers["content-type"] = "application/x-www-form-urlencoded"
        response = await client.request(capture.method, capture.path, headers=headers, content=content)

    assert response.status_code == capture.status
    recorded = capture.response.headers
    for name in ("x-required-permission", "www-authenticate", "x-you-are-authenticated-as", "x-more-data", "allow"):
        assert response.headers.get(name) == recorded.get(name), name
    if capture.status < 400:
        for name in ("x-text-size", "content-range", "accept-ranges"):
            assert (name in response.headers) == (name in recorded), name
        kinds = [
            one.partition(";")[0]
            for one in (response.headers.get("content-type", ""), recorded.get("content-type", ""))
        ]
        assert kinds[0] == kinds[1]
    if "location" in recorded:
        ends = [
            urlsplit(one).path.rstrip("/0123456789") for one in (response.headers["location"], recorded["location"])
        ]
        assert ends[0] == ends[1]
    if "json" in capture.content:
        assert compare(capture.content["json"], response.json()) == []


def test_most_recordings_concern_us() -> None:
    assert len(OURS) > 130
