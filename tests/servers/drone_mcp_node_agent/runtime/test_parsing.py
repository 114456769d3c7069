import json
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from drone_mcp_node_agent.planning import normalise
from drone_mcp_node_agent.runtime import parsing
from drone_mcp_node_agent.runtime.runtime import Container
from drone_mcp_nodes_api.wire import agent_pb2 as pb

FIXTURES = Path(__file__).parents[3] / "fixtures"
VERSIONS = ("podman-4.3.1", "podman-5.8.2")
both_versions = pytest.mark.parametrize("version", VERSIONS)
SCRIPT = "echo web > /tmp/index.html; trap 'exit 0' TERM; httpd -p 8080 -h /tmp; while :; do sleep 0.2; done"


def text(version: str, name: str) -> str:
    return (FIXTURES / version / name).read_text(encoding="utf-8")


def container(version: str, name: str) -> Container:
    return parsing.read_containers(text(version, f"inspect_{name}.json"))[0]


def changed(**config: Any) -> Container:
    facts = json.loads(text("podman-4.3.1", "inspect_running_rich.json"))
    facts[0]["Config"].update(config)
    return parsing.read_containers(json.dumps(facts))[0]


@both_versions
def test_a_container_is_read_back_as_the_component_that_made_it(version: str) -> None:
    found = container(version, "running_rich")
    spec = pb.ComponentSpec(
        image="127.0.0.1:5511/demo/web:v1.2.0",
        network="shopnet",
        user="0:0",
        restart="unless-stopped",
        ports=["127.0.0.1:18053:53/udp", "127.0.0.1:18080:8080/tcp", "127.0.0.1:18443:8443/tcp"],
        volumes=["/srv/shop/data:/data", "/srv/shop:/srv/shop:ro"],
        cmd=["/bin/sh", "-c", SCRIPT],
        resources=pb.Resources(memory="67108864", cpus=0.5, pids=50),
    )
    spec.stop_timeout.FromSeconds(10)
    assert found.spec.env["MODE"] == "prod"
    assert found.spec.env["EMPTY"] == ""
    found.spec.ClearField("env")
    assert normalise.component(found.spec) == normalise.component(spec)


@both_versions
def test_a_container_is_read_with_its_state(version: str) -> None:
    found = container(version, "running_rich")
    assert (found.name, found.status, found.exit_code, found.restarts) == ("shop-api", "running", 0, 0)
    assert found.pid > 0
    assert found.started_at is not None
    assert found.started_at.tzinfo == UTC
    assert found.finished_at is None
    assert found.image_digest == "sha256:8e10a10bb2f71b7bb6db15db8d92a4be530489f1b1adbca3aba57b63c94dabf5"
    assert found.labels["nodes.service"] == "shop"
    assert found.addresses["shopnet"].startswith("10.89.0.")
    assert found.create_command[1] == "run"


@both_versions
@pytest.mark.parametrize(
    ("name", "status", "exit_code"),
    [
        ("exited_0", "exited", 0),
        ("exited_3", "exited", 3),
        ("created", "created", 0),
        ("initialized", "initialized", 0),
        ("paused", "paused", 0),
        ("killed", "exited", 137),
        ("oom", "exited", 137),
        ("stubborn", "exited", 137),
        ("running_host", "running", 0),
        ("running_minimal", "running", 0),
    ],
)
def test_every_recorded_state_is_read(version: str, name: str, status: str, exit_code: int) -> None:
    found = container(version, name)
    assert (found.status, found.exit_code) == (status, exit_code)


def test_only_the_newer_version_knows_that_memory_ran_out() -> None:
    assert [container(version, "oom").oom_killed for version in VERSIONS] == [False, True]


@both_versions
def test_restarts_and_networks_without_a_name_are_read(version: str) -> None:
    assert container(version, "retried").restarts == 2
    assert container(version, "retried").spec.restart == "on-failure:2"
    assert container(version, "running_host").spec.network == "host"
    assert container(version, "running_minimal").spec.network == "none"


@both_versions
def test_the_containers_that_exist_are_read_where_another_one_is_missing(version: str) -> None:
    found = parsing.read_containers(text(version, "inspect_one_missing.json"))
    assert [one.name for one in found] == ["shop-exit0"]


def test_a_secret_in_the_environment_is_never_part_of_what_is_read() -> None:
    command = ["podman", "run", "--secret", "db,type=env,target=DB_PASS", "--secret=token,type=env", "--secret", "key"]
    found = changed(CreateCommand=command, Env=["DB_PASS=s3cret", "token=t0ken", "MODE=prod"])
    assert dict(found.spec.env) == {"MODE": "prod"}
    assert found.environment_secrets == {"DB_PASS", "token"}
    assert list(found.spec.secrets) == [pb.SecretRef(name="key")]
    assert "s3cret" not in str(found.spec)


def test_no_variable_is_read_where_nothing_says_which_ones_are_secrets() -> None:
    found = changed(CreateCommand=None, Secrets=[{"Name": "db"}], Env=["DB_PASS=s3cret", "MODE=prod"])
    assert dict(found.spec.env) == {}
    assert found.environment_secrets == {"DB_PASS", "MODE"}


def test_what_podman_itself_hides_is_a_secret() -> None:
    found = changed(CreateCommand=["podman", "run"], Env=["DB_PASS=*******", "MODE=prod"])
    assert found.environment_secrets == {"DB_PASS"}


@both_versions
def test_the_list_of_all_containers_is_read(version: str) -> None:
    found = {one.name: one for one in parsing.read_list(text(version, "ps_all.json"))}
    assert found["shop-api"].status == "running"
    assert found["shop-api"].image == "127.0.0.1:5511/demo/web:v1.2.0"
    assert found["shop-api"].labels["nodes.component"] == "api"
    assert found["shop-created"].status == "created"


def test_a_list_of_nothing_is_empty() -> None:
    assert parsing.read_list("[]\n") == parsing.read_list("") == []


@both_versions
def test_an_image_is_read(version: str) -> None:
    found = parsing.read_image(text(version, "image_inspect.json"))
    assert found.id == "6a092589f2fec64d843d66e9c6f6af1768bf274afc1f39cd3fd0af9d0029ccd6"
    assert found.digest.startswith("sha256:8e10a10b")
    assert (found.env, found.cmd, found.labels) == ({"PATH": "/bin"}, ("/bin/sh",), {})


@both_versions
def test_the_events_of_containers_are_read_and_those_of_images_are_not(version: str) -> None:
    lines = text(version, "events_all.jsonl").splitlines()
    read = [parsing.read_event(line) for line in lines]
    assert None in read
    kinds = {event.kind for event in read if event}
    assert {"create", "start", "died", "remove"} <= kinds
    assert "pull" not in kinds


@both_versions
def test_an_end_has_its_code_also_where_podman_leaves_out_a_zero(version: str) -> None:
    events = [parsing.read_event(line) for line in text(version, "events_died.jsonl").splitlines()]
    codes = {event.container: event.exit_code for event in events if event}
    assert (codes["shop-exit0"], codes["shop-exit3"], codes["shop-killed"]) == (0, 3, 137)


@both_versions
def test_a_flapping_container_shows_in_the_stream_of_events(version: str) -> None:
    events = [parsing.read_event(line) for line in text(version, "events_stream_flap.jsonl").splitlines()]
    died = [event for event in events if event and event.kind == "died"]
    assert len(died) >= 5
    assert [event.exit_code for event in died][:5] == [9] * 5
    assert all(event.at.year == 2026 for event in died)


def test_a_line_of_a_log_is_read_with_its_time() -> None:
    line = parsing.read_log_line("2026-11-28T14:08:06.691870469Z err and more", "stderr")
    assert line.at == datetime(2026, 11, 28, 14, 8, 6, 691870, tzinfo=UTC)
    assert (line.stream, line.text) == ("stderr", "err and more")
    assert parsing.read_log_line("no time", "stdout").at is None
