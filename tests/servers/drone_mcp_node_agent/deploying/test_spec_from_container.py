from typing import Any

import pytest

from drone_mcp_node_agent.deploying.spec_from_container import derive_component, find_losses
from drone_mcp_node_agent.runtime.runtime import Container, Image
from drone_mcp_nodes_api.wire import agent_pb2 as pb

IMAGE = Image("image-1", "sha256:1", {}, {"PATH": "/bin", "MODE": "test"}, ("serve",), user="65534")


def container(
    command: str = "podman run demo/web:v1", spec: pb.ComponentSpec | None = None, **fields: Any
) -> Container:
    known: dict[str, Any] = {"id": "1", "name": "old-api", "create_command": tuple(command.split())}
    return Container(spec=spec or pb.ComponentSpec(image="demo/web:v1"), **(known | fields))


def test_what_the_image_and_podman_set_anyway_is_left_out() -> None:
    seen = pb.ComponentSpec(
        image="demo/web:v1",
        network="podman",
        user="65534",
        restart="always",
        cmd=["serve"],
        env={"PATH": "/bin", "MODE": "prod", "HOSTNAME": "1a2b", "TERM": "xterm", "HOME": "/", "container": "podman"},
        resources=pb.Resources(pids=2048),
    )
    found = derive_component("api", container(spec=seen), IMAGE)
    wanted = pb.ComponentSpec(name="api", image="demo/web:v1", restart="always", env={"MODE": "prod"})
    found.ClearField("resources")
    found.ClearField("stop_timeout")
    assert found == wanted


def test_what_was_set_for_the_container_is_kept() -> None:
    seen = pb.ComponentSpec(
        image="demo/web:v1",
        network="shop",
        user="0",
        cmd=["serve", "-v"],
        ports=["80:80/tcp"],
        volumes=["/srv/a:/a:ro"],
        secrets=[pb.SecretRef(name="db")],
        resources=pb.Resources(memory="64", cpus=0.5, pids=50),
    )
    found = derive_component("api", container(spec=seen), IMAGE)
    found.ClearField("name")
    found.ClearField("stop_timeout")
    assert found == seen


@pytest.mark.parametrize(
    ("command", "losses"),
    [
        ("podman run -d --name x -p 80:80 -e A=--privileged demo/web:v1 --debug", ""),
        ("podman run -it --restart=always demo/web:v1 serve --flag", ""),
        ("podman run --privileged demo/web:v1 --debug", "the options --privileged"),
        ("podman run --cap-add NET_ADMIN --device=/dev/x demo/web:v1", "the options --cap-add, --device"),
        ("podman create --rm --init demo/web:v1", "the options --init, --rm"),
    ],
)
def test_options_that_a_definition_cannot_hold_are_named(command: str, losses: str) -> None:
    expected = f"a deployment would make it without {losses}" if losses else ""
    assert find_losses(container(command)) == expected


def test_a_secret_in_the_environment_is_named_as_lost() -> None:
    found = find_losses(container(environment_secrets=frozenset({"DB_PASS"})))
    assert found == (
        "a deployment would make it without the variables DB_PASS, which hold secrets or may do so: give them as files"
    )


def test_a_container_of_the_api_may_have_options_that_nobody_knows() -> None:
    assert "not made by its command line" in find_losses(container(""))
