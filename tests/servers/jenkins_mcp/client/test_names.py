"""Names of jobs become paths, and no name becomes the path of something else."""

from __future__ import annotations

from urllib.parse import unquote, urlsplit

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ci_mcp_kit.errors import InvalidInput
from jenkins_mcp.client.names import ROOT, artifact_path, build_path, parse_folder, parse_job
from support.jenkins_captures import jenkins_capture

NAMES = st.text(
    st.characters(codec="utf-8", exclude_categories=["Cc", "Cs"], exclude_characters="/"), min_size=1, max_size=40
).filter(lambda name: name not in {".", ".."} and name == name.strip() and "://" not in name)


@pytest.mark.parametrize(
    ("full_name", "capture"),
    [
        ("team/mb/feature%2Fx y", "job-branch-encoded"),
        ("hello", "job-freestyle"),
        ("team/nope", "job-missing-in-folder"),
    ],
)
def test_a_full_name_is_the_path_that_jenkins_serves_it_at(full_name: str, capture: str) -> None:
    recorded = jenkins_capture(capture).path
    assert recorded.startswith(f"{parse_job(full_name).path}/api/json")


@pytest.mark.parametrize(
    ("address", "name"),
    [
        ("https://ci.example.com/job/team/job/app/", "team/app"),
        ("https://ci.example.com/ci/job/team/job/mb/job/feature%252Fx%20y/12/console", "team/mb/feature%2Fx y"),
        ("https://ci.example.com/view/all/job/app/lastBuild/", "app"),
    ],
)
def test_the_address_of_a_page_names_its_job(address: str, name: str) -> None:
    assert str(parse_job(address)) == name


@pytest.mark.parametrize(
    "text", ["", " ", "/", "a//b", "a/../b", ".", "a/b\nc", "a\x00", "a\ud800", "https://ci/", "x/" * 30]
)
def test_what_is_no_name_of_a_job_is_refused(text: str) -> None:
    with pytest.raises(InvalidInput):
        parse_job(text)


def test_no_name_is_the_root_where_a_folder_is_asked_for() -> None:
    assert parse_folder("") == parse_folder("/") == ROOT
    assert parse_folder("/team/").path == "/job/team"


@given(st.lists(NAMES, min_size=1, max_size=5))
def test_a_path_leads_back_to_its_name(parts: list[str]) -> None:
    job = parse_job("/".join(parts))
    segments = job.path.split("/")
    assert segments[0::2] == ["", *[""] * 0, *segments[2::2]]
    assert [unquote(part) for part in segments[2::2]] == parts
    assert set(segments[1::2]) == {"job"}
    assert str(parse_job(f"https://ci.example.com{job.path}/")) == "/".join(parts)


@given(st.text(max_size=60))
def test_whatever_is_taken_for_a_name_stays_in_its_place(text: str) -> None:
    try:
        path = parse_job(text).path
    except InvalidInput:
        return
    address = urlsplit(f"https://ci.example.com/ci{path}")
    assert (address.path, address.query, address.fragment) == (f"/ci{path}", "", "")
    assert not {".", "..", ""} & set(path.split("/")[1:])
    assert ";" not in path


@pytest.mark.parametrize("build", [0, -1, 2**31, "lastBuilt", "", "1/stop", "lastBuild/stop"])
def test_what_is_no_build_is_refused(build: int | str) -> None:
    with pytest.raises(InvalidInput):
        build_path(parse_job("app"), build)


@pytest.mark.parametrize(
    ("relative_path", "capture"),
    [
        ("out/a&b=c;d.txt", "artifact-amp"),
        ("out/100% done+x.txt", "artifact-percent"),
        ("out/h#1?.txt", "artifact-hash"),
        ("out/ünï.txt", "artifact-unicode"),
        ("out/dir one/a b.txt", "artifact-space"),
    ],
)
def test_an_artifact_is_where_jenkins_serves_it(relative_path: str, capture: str) -> None:
    served = jenkins_capture(capture)
    assert served.status == 200
    assert unquote(artifact_path(parse_job("hello"), 2, relative_path)) == unquote(served.path)
    assert ";" not in artifact_path(parse_job("hello"), 2, relative_path)


@pytest.mark.parametrize(
    "path", ["", "/etc/passwd", "a/../../build.xml", "*zip*/archive.zip", "a/*view*/", "**/x", "a//b"]
)
def test_a_path_that_is_no_artifact_is_refused(path: str) -> None:
    with pytest.raises(InvalidInput):
        artifact_path(parse_job("app"), 1, path)
