"""Property 15: the bytes of an artifact arrive as they are, in parts or in a file."""

from __future__ import annotations

import base64
import hashlib
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from support.played_jenkins import PlayedJenkins, played_jenkins

if TYPE_CHECKING:
    from collections.abc import Iterator

CONTENT = st.binary(max_size=3000) | st.text(max_size=2000).map(str.encode)


@pytest.fixture(scope="module")
def play(tmp_path_factory: pytest.TempPathFactory) -> Iterator[PlayedJenkins]:
    folder = str(tmp_path_factory.mktemp("artifacts"))
    scenario = {"jobs": {"app": {"builds": [{"artifacts": {"a": ""}}]}}}
    with played_jenkins(scenario, JENKINS_ARTIFACTS_DIR=folder) as play:
        yield play


@settings(max_examples=100, deadline=None)
@given(content=CONTENT, size=st.integers(800, 3000))
@example(content=b"", size=1)
@example(content="ä".encode() * 600, size=401)
@example(content=b"\r\n\x1b[1m" * 100, size=99)
def test_property_15_artifact_bytes(play: PlayedJenkins, content: bytes, size: int) -> None:
    play.jenkins.job("app").builds[0].plan.artifacts["a"] = content
    for form in ("text", "base64"):
        place, has_more = 0, True
        while has_more:
            part = play.call(
                "jenkins_get_artifact", job="app", path="a", bytes=f"{place}-{place + size - 1}", form=form
            )
            assert not part.failed, part.text
            assert part.data["size"] == len(content)
            end = int(part.data["bytes"].partition("-")[2]) + 1 if content else 0
            shown = part.data.get("text", "").encode() or base64.b64decode(part.data.get("base64", ""))
            # A text is sanitised, and the answer says so.
            assert shown == content[place:end] or (form == "text" and "changed" in part.data)
            place, has_more = end, end < len(content)
            assert has_more == ("for more" in part.data.get("next_step", ""))
    saved = play.call("jenkins_get_artifact", job="app", path="a", form="file").data
    assert Path(saved["saved"]).read_bytes() == content
    assert saved["sha256"] == hashlib.sha256(content).hexdigest()
