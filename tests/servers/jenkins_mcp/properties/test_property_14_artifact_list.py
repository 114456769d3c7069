"""Property 14: the list of artifacts has every artifact of a build, with its size."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from support.played_jenkins import PlayedJenkins, played_jenkins

if TYPE_CHECKING:
    from collections.abc import Iterator

# Names as a file system and Jenkins allow them; characters that no answer shows are left out.
SEGMENT = st.text(
    st.characters(categories=["L", "N", "Pc", "Pd", "Zs"], include_characters="%;&=+#~()'"), min_size=1, max_size=12
).filter(lambda name: name == " ".join(name.split()))
PATHS = st.lists(st.lists(SEGMENT, min_size=1, max_size=3).map("/".join), unique=True, max_size=12)


@pytest.fixture(scope="module")
def play() -> Iterator[PlayedJenkins]:
    with played_jenkins({"jobs": {kind: {"kind": kind, "builds": [{}]} for kind in ("freestyle", "pipeline")}}) as play:
        yield play


@settings(max_examples=100, deadline=None)
@given(
    paths=PATHS,
    sizes=st.lists(st.integers(0, 5000), min_size=12, max_size=12),
    kind=st.sampled_from(["freestyle", "pipeline"]),
)
def test_property_14_artifact_list(play: PlayedJenkins, paths: list[str], sizes: list[int], kind: str) -> None:
    kept = play.jenkins.job(kind).builds[0].plan.artifacts
    kept.clear()
    kept.update({path: bytes(size) for path, size in zip(paths, sizes, strict=False)})
    answer = play.call("jenkins_list_artifacts", job=kind)
    assert not answer.failed, answer.text
    assert [(line["path"], line["size"]) for line in answer.data["artifacts"]] == [
        (path, len(content)) for path, content in kept.items()
    ]
    assert "left_out" not in answer.data
