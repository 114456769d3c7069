"""A version replaces the tag of one image and nothing else."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ci_mcp_kit.errors import InvalidInput
from drone_mcp_nodes.rules.tag_replacement import replace_tag, with_version
from drone_mcp_nodes_api.definitions.naming import read_version
from drone_mcp_nodes_api.wire import agent_pb2 as pb

TAGS = st.from_regex(r"[A-Za-z0-9_][A-Za-z0-9_.-]{0,20}", fullmatch=True)


@given(st.sampled_from(["r/web", "r:5000/web", "r:5000/a/web:v1", "web:v1", "r/web:v1@sha256:00"]), TAGS)
def test_the_tag_is_the_version_and_the_repository_stays(image: str, tag: str) -> None:
    changed = replace_tag(image, tag)
    assert read_version(changed) == tag
    assert changed.removesuffix(f":{tag}") == image.partition("@")[0].removesuffix(":v1")


def spec(*names: str) -> pb.ServiceSpec:
    return pb.ServiceSpec(name="shop", components=[pb.ComponentSpec(name=name, image=f"r/{name}:v1") for name in names])


def test_only_the_named_component_changes_and_the_definition_stays() -> None:
    before = spec("web", "db")
    changed = with_version(before, "db", "v2")
    assert [one.image for one in changed.components] == ["r/web:v1", "r/db:v2"]
    assert before == spec("web", "db")


@pytest.mark.parametrize(("component", "said"), [("", "has 2 components"), ("cache", "no component 'cache'")])
def test_a_version_without_one_component_that_is_there_is_refused(component: str, said: str) -> None:
    with pytest.raises(InvalidInput, match=said):
        with_version(spec("web", "db"), component, "v2")
