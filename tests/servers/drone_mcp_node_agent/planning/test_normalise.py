from random import Random
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from drone_mcp_node_agent.planning import normalise
from drone_mcp_node_agent.planning.spec_hash import container_labels, hash_component
from drone_mcp_nodes_api.wire import agent_pb2 as pb
from support.node_components import components


@given(components())
def test_a_normal_component_is_its_own_normal_form(component: pb.ComponentSpec) -> None:
    normal = normalise.component(component)
    assert normalise.component(normal) == normal


@given(components(), st.randoms())
def test_the_hash_is_that_of_the_meaning_not_of_the_order(component: pb.ComponentSpec, random: Random) -> None:
    other = pb.ComponentSpec()
    other.CopyFrom(component)
    for field in (other.ports, other.volumes):
        shuffled = random.sample([*field], len(field))
        del field[:]
        field.extend(shuffled)
    del other.health.exec.argv[:]
    other.depends_on.append("db")
    assert hash_component(other, {"a": "1", "b": "2"}) == hash_component(component, {"b": "2", "a": "1"})


@given(components(), components())
def test_components_of_one_hash_are_the_same_container(one: pb.ComponentSpec, other: pb.ComponentSpec) -> None:
    same = normalise.component(one) == normalise.component(other)
    assert same == (hash_component(one, {}) == hash_component(other, {}))


@pytest.mark.parametrize(
    ("change", "value"),
    [
        ("cmd", ["x"]),
        ("env", {"A": "1"}),
        ("image", "demo/web:v2"),
        ("user", "1"),
        ("ports", ["80:80"]),
        ("network", "n"),
    ],
)
def test_every_field_that_makes_a_container_is_in_the_hash(change: str, value: object) -> None:
    base = pb.ComponentSpec(name="api", image="demo/web:v1")
    fields: dict[str, Any] = {"name": "api", "image": "demo/web:v1", change: value}
    changed = pb.ComponentSpec(**fields)
    assert hash_component(base, {}) != hash_component(changed, {})
    assert hash_component(base, {}) != hash_component(base, {"team": "shop"})


@pytest.mark.parametrize(
    ("text", "normal"),
    [("64m", "67108864"), ("67108864", "67108864"), ("65536K", "67108864"), ("2g", "2147483648"), ("100b", "100")],
)
def test_memory_is_in_bytes(text: str, normal: str) -> None:
    assert normalise.memory(text) == normal


@pytest.mark.parametrize(
    ("text", "normal"),
    [
        ("8080:80", "8080:80/tcp"),
        ("0.0.0.0:8080:80/tcp", "8080:80/tcp"),
        ("127.0.0.1:53:53/udp", "127.0.0.1:53:53/udp"),
        ("[::1]:80:80", "[::1]:80:80/tcp"),
    ],
)
def test_a_port_has_its_protocol_and_no_address_for_all_interfaces(text: str, normal: str) -> None:
    assert normalise.port(text) == normal


@pytest.mark.parametrize(
    ("text", "normal"),
    [("/srv/a/:/a", "/srv/a:/a"), ("/srv/a:/a:z,ro", "/srv/a:/a:ro"), ("/:/host", "/:/host"), ("v:/a:rw", "v:/a")],
)
def test_a_volume_is_its_folders_and_whether_it_is_read_only(text: str, normal: str) -> None:
    assert normalise.volume(text) == normal


def test_what_is_no_amount_is_refused() -> None:
    with pytest.raises(ValueError, match="write bytes, or for example 512m"):
        normalise.memory("a lot")


def test_a_container_carries_its_service_component_revision_and_hash() -> None:
    component = pb.ComponentSpec(name="api", image="demo/web:v1")
    spec = pb.ServiceSpec(name="web", labels={"team": "shop", "nodes.service": "forged"})
    labels = container_labels(spec, component, 7)
    assert labels == {
        "team": "shop",
        "nodes.service": "web",
        "nodes.component": "api",
        "nodes.revision": "7",
        "nodes.spec": hash_component(component, spec.labels),
    }
