"""Names of containers and versions of images."""

from __future__ import annotations

from string import ascii_letters, ascii_lowercase, digits

import pytest
from hypothesis import given
from hypothesis import strategies as st

from drone_mcp_nodes_api.definitions.naming import derive_component, name_container, read_version

TAGS = st.text(ascii_letters + digits + "_.-", min_size=1, max_size=21).filter(lambda tag: tag[0] not in ".-")
NAMES = TAGS.filter(lambda name: name[0] != "_")
PATHS = st.lists(st.text(ascii_lowercase + digits, min_size=1, max_size=9), min_size=1, max_size=4).map("/".join)
REGISTRIES = st.sampled_from(["", "registry.example.com/", "localhost:5000/", "10.0.0.1:443/"])


@pytest.mark.parametrize(
    ("image", "version"),
    [
        ("r/img:v1.2.0", "v1.2.0"),
        ("r/img:latest", "latest"),
        ("r/img", ""),
        ("localhost:5000/img", ""),
        ("localhost:5000/img:v1", "v1"),
        ("r/img@sha256:0a1b", ""),
        ("r/img:v1@sha256:0a1b", "v1"),
    ],
)
def test_the_version_of_an_image_is_its_tag(image: str, version: str) -> None:
    assert read_version(image) == version


@given(REGISTRIES, PATHS, TAGS, st.sampled_from(["", "@sha256:" + "0" * 64]))
def test_neither_a_registrys_port_nor_a_digest_is_taken_for_the_version(
    registry: str, path: str, tag: str, digest: str
) -> None:
    assert read_version(f"{registry}{path}:{tag}{digest}") == tag
    assert read_version(f"{registry}{path}{digest}") == ""


@pytest.mark.parametrize(("service", "component", "container"), [("shop", "web", "shop-web"), ("shop", "shop", "shop")])
def test_a_container_has_the_names_of_service_and_component(service: str, component: str, container: str) -> None:
    assert name_container(service, component) == container


@given(NAMES, NAMES)
def test_the_component_is_derived_from_the_name_of_its_container(service: str, component: str) -> None:
    assert derive_component(service, name_container(service, component)) == component


@pytest.mark.parametrize("container", ["shopping", "shop-", "other", "my-shop-web", "shopweb", "shop-shop"])
def test_a_container_with_another_prefix_is_no_component(container: str) -> None:
    assert derive_component("shop", container) is None
