"""The rules of service definitions."""

from __future__ import annotations

import copy
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ci_mcp_kit.errors import InvalidInput
from drone_mcp_nodes_api.definitions.model import Secret, start_order
from drone_mcp_nodes_api.definitions.problems import find_problems, make_service
from support.definitions import FULL, SERVICES, any_definition


def changed(path: str, value: Any) -> dict[str, Any]:
    """Return the full definition with one value changed; None removes it."""
    data: Any = copy.deepcopy(FULL)
    *parents, last = [int(part) if part.isdecimal() else part for part in path.split("/")]
    target = data
    for part in parents:
        target = target[part]
    if value is None:
        del target[last]
    else:
        target[last] = value
    return dict(data)


def test_a_full_definition_is_read_with_all_its_values() -> None:
    service = make_service(FULL)
    web, db = service.components
    assert (service.name, service.node, service.active, service.labels) == ("shop", "node-1", False, {"team": "shop"})
    assert web.secrets == (Secret(name="db-password"), Secret(name="key", file="/etc/key"))
    assert (web.stop_timeout, web.version, service.container("web")) == (90.0, "v1.2.0", "shop-web")
    assert web.health
    assert (web.health.interval, web.health.timeout, web.health.retries) == (2.0, 3.0, 5)
    assert (db.restart, db.health, db.version) == ("no", None, "")


def test_what_a_definition_leaves_out_has_defaults() -> None:
    service = make_service({"name": "a", "node": "n", "components": [{"name": "a", "image": "x"}]})
    assert service.active
    assert service.components[0].order == "stop-first"
    assert service.components[0].stop_timeout == 10


@pytest.mark.parametrize(
    ("path", "value", "message"),
    [
        ("name", None, "the key 'name' is missing"),
        ("node", None, "the key 'node' is missing"),
        ("components", None, "the key 'components' is missing"),
        ("components", [], "components: it has to have at least one entry"),
        ("components/1/name", "web", "components[1].name: another component has the name 'web' too"),
        ("components/0/imgae", "x", "components[0].imgae: unknown key 'imgae'. Did you mean 'image'?"),
        ("components/0/health/htp", "x", "unknown key 'htp'. Did you mean 'http'?"),
        ("components/0/ports/0", "80", "components[0].ports[0]: '80' is no port; write [ip:]host:container"),
        ("components/0/ports/0", "0:80", "ports are 1 to 65535"),
        ("components/0/ports/0", "70000:80", "ports are 1 to 65535"),
        ("components/0/ports/0", "x:80:80", "x is no IP address"),
        ("components/0/ports/0", "80:80/icmp", "unknown protocol"),
        (
            "components/0/ports",
            ["8080:80", "8080:81"],
            "components[0].ports: port 8080/tcp of the node is published twice",
        ),
        ("components/0/ports", [8080], "components[0].ports[0]: it has to be text in quotes"),
        ("components/0/volumes/0", "/data", "'/data' is no volume"),
        ("components/0/volumes/0", "/a:data", "the target has to be an absolute path"),
        ("components/0/volumes/0", "../a:/data", "the source has to be an absolute path or the name of a volume"),
        ("components/0/image", "--privileged", "'--privileged' cannot be used; write an image"),
        ("components/0/network", "--privileged", "a word that does not begin with '-'"),
        ("components/0/user", "a b", "'a b' cannot be used"),
        ("components/0/restart", "sometimes", "write no, on-failure[:N], always or unless-stopped"),
        ("components/0/cmd", "serve", "components[0].cmd: it has to be a list in brackets"),
        ("components/0/cmd", ["a\0b"], "NUL character"),
        ("components/0/env/LEVEL", 5, "components[0].env.LEVEL: it has to be text in quotes"),
        ("components/0/resources/memory", "much", "'much' cannot be used; write bytes, or a size"),
        ("components/0/stop_timeout", "soon", "'soon' is no duration"),
        ("components/0/stop_timeout", True, "True is no duration"),
        ("components/0/stop_timeout", float("inf"), "less than or equal to 86400"),
        ("components/0/health", {}, "name one check: http, tcp or exec"),
        ("components/0/health", {"http": "80", "tcp": "80"}, "name one check: http, tcp or exec"),
        ("components/0/health", {"tcp": "80", "interval": 0}, "interval and timeout have to be more than 0"),
        ("components/0/depends_on", ["cache"], "components[0].depends_on: 'cache' is no component of the service"),
        ("components/1/depends_on", ["web"], "depend on each other in a circle"),
        ("components/0/order", "start-first", "both would publish the same ports"),
        ("active", "yes", "active: it has to be true or false"),
    ],
)
def test_a_definition_that_breaks_a_rule_is_refused_with_the_place(path: str, value: Any, message: str) -> None:
    with pytest.raises(InvalidInput) as caught:
        make_service(changed(path, value))
    assert message in caught.value.message


def test_an_error_never_repeats_a_value_that_may_be_private() -> None:
    with pytest.raises(InvalidInput) as caught:
        make_service(changed("components/0/env/LEVEL", "s3cr3t\0"))
    assert "s3cr3t" not in caught.value.message


def test_many_mistakes_are_counted_and_the_first_five_shown() -> None:
    with pytest.raises(InvalidInput, match=r"; 2 more$"):
        make_service(changed("components/0/cmd", [1, 2, 3, 4, 5, 6, 7]))


@given(any_definition())
def test_any_definition_that_follows_the_rules_is_read(data: dict[str, Any]) -> None:
    assert not isinstance(find_problems(data), list)


@given(SERVICES, st.data())
def test_each_component_starts_after_those_it_depends_on(service: Any, data: st.DataObject) -> None:
    shuffled = tuple(data.draw(st.permutations(service.components)))
    ordered = start_order(shuffled)
    assert {one.name for one in ordered} == {one.name for one in shuffled}
    for index, component in enumerate(ordered):
        assert {*component.depends_on} <= {one.name for one in ordered[:index]}
