from typing import Any

import pytest
from hypothesis import given

from drone_mcp_node_agent.planning.drift import find_drift
from drone_mcp_node_agent.planning.spec_hash import hash_component
from drone_mcp_node_agent.runtime.runtime import Container
from drone_mcp_nodes_api.wire import agent_pb2 as pb
from support.node_components import components

IMAGE = "demo/web:v1"


def spec(**fields: Any) -> pb.ComponentSpec:
    known: dict[str, Any] = {"name": "api", "image": IMAGE}
    return pb.ComponentSpec(**(known | fields))


def container(observed: pb.ComponentSpec, **fields: Any) -> Container:
    known: dict[str, Any] = {"id": "1", "name": "web-api", "spec": observed}
    return Container(**(known | fields))


def drift(desired: pb.ComponentSpec, found: Container, digest: str = "") -> list[tuple[str, str, str]]:
    return [(one.field, one.desired, one.observed) for one in find_drift(desired, {}, found, digest)]


FIELDS = {
    "image": (spec(image="demo/web:v2"), spec(), ("image", "demo/web:v2", IMAGE)),
    "network": (spec(network="shop"), spec(network="podman"), ("network", "shop", "podman")),
    "user": (spec(user="1000"), spec(user=""), ("user", "1000", "")),
    "restart": (spec(restart="always"), spec(), ("restart", "always", "no")),
    "ports": (spec(ports=["80:80"]), spec(ports=["81:80/tcp"]), ("ports", "80:80/tcp", "81:80/tcp")),
    "a port too many": (spec(), spec(ports=["81:80/tcp"]), ("ports", "", "81:80/tcp")),
    "volumes": (spec(volumes=["/a:/a:ro"]), spec(volumes=["/a:/a"]), ("volumes", "/a:/a:ro", "/a:/a")),
    "cmd": (spec(cmd=["a", "b"]), spec(cmd=["a"]), ("cmd", "a b", "a")),
    "env": (spec(env={"A": "1"}), spec(env={"A": "2", "B": "3"}), ("env.A", "1", "2")),
    "a missing variable": (spec(env={"A": ""}), spec(), ("env.A", "", "")),
    "secrets": (
        spec(secrets=[pb.SecretRef(name="db", file="/etc/db")]),
        spec(secrets=[pb.SecretRef(name="db")]),
        ("secrets", "db at /etc/db", "db"),
    ),
    "memory": (
        spec(resources=pb.Resources(memory="64m")),
        spec(resources=pb.Resources(memory="100")),
        ("resources.memory", "67108864", "100"),
    ),
    "cpus": (spec(resources=pb.Resources(cpus=0.5)), spec(), ("resources.cpus", "0.5", "")),
    "pids": (
        spec(resources=pb.Resources(pids=50)),
        spec(resources=pb.Resources(pids=2048)),
        ("resources.pids", "50", "2048"),
    ),
}


@pytest.mark.parametrize(("desired", "observed", "found"), FIELDS.values(), ids=FIELDS.keys())
def test_a_container_that_was_not_made_by_us_is_compared_field_by_field(
    desired: pb.ComponentSpec, observed: pb.ComponentSpec, found: tuple[str, str, str]
) -> None:
    assert drift(desired, container(observed)) == [found]


@given(components())
def test_a_container_is_no_drift_of_the_component_that_it_shows(component: pb.ComponentSpec) -> None:
    assert drift(component, container(component)) == []
    assert drift(component, container(component, labels={"nodes.spec": hash_component(component, {})})) == []


def test_what_the_image_sets_is_no_drift_where_nothing_else_is_wanted() -> None:
    observed = spec(
        user="65534", cmd=["serve"], env={"PATH": "/bin"}, network="podman", resources=pb.Resources(pids=2048)
    )
    assert drift(spec(), container(observed)) == []


def test_of_a_container_of_this_very_component_only_what_can_be_updated_is_compared() -> None:
    desired = spec(ports=["80:80"], restart="always")
    labels = {"nodes.spec": hash_component(desired, {})}
    # podman reports some fields in other words than they were given in
    observed = spec(image="localhost/demo/web:v1", restart="always", resources=pb.Resources(memory="100663296"))
    assert drift(desired, container(observed, labels=labels)) == [("resources.memory", "", "100663296")]


def test_a_container_of_an_older_definition_drifts_even_if_no_field_shows_it() -> None:
    found = drift(spec(), container(spec(), labels={"nodes.spec": "sha256:0123456789abcdef"}))
    assert [(field, observed) for field, _, observed in found] == [("definition", "sha256:0123456789ab")]


def test_another_image_under_the_same_tag_is_drift() -> None:
    labels = {"nodes.spec": hash_component(spec(), {})}
    found = container(spec(), labels=labels, image_digest="sha256:2")
    assert drift(spec(), found, "sha256:1") == [("image_digest", "sha256:1", "sha256:2")]
    assert drift(spec(), found, "sha256:2") == []
    assert drift(spec(), found, "") == []
