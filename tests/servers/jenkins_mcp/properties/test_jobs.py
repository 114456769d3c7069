"""The properties of the plan that concern jobs, with the numbers that they have there."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any
from urllib.parse import quote

import pytest
from hypothesis import given
from hypothesis import strategies as st

from jenkins_mcp_simulator.records import Parameter
from support.played_jenkins import PlayedJenkins, names, played_jenkins, several_names

if TYPE_CHECKING:
    from collections.abc import Iterator

    from jenkins_mcp_simulator.records import Job

KINDS = st.sampled_from(["freestyle", "pipeline", "folder", "multibranch"])
trees: st.SearchStrategy[Any] = st.recursive(
    st.none(), lambda inside: st.dictionaries(names, inside, max_size=4), max_leaves=12
)


@pytest.fixture(scope="module")
def play() -> Iterator[PlayedJenkins]:
    with played_jenkins() as play:
        yield play


@given(
    kinds=st.lists(KINDS, min_size=12, max_size=12),
    some=several_names,
    limit=st.integers(1, 5),
    glob=st.sampled_from(["", "*"]),
)
def test_property_03_a_list_is_complete_and_names_nothing_twice(
    play: PlayedJenkins, kinds: list[Any], some: list[str], limit: int, glob: str
) -> None:
    folder = play.folder()
    jobs = [play.job(folder, name, kind=kind).full_name for name, kind in zip(some, kinds, strict=False)]
    listed: list[str] = []
    start: int | None = 0
    while start is not None:
        answer = play.call("jenkins_list_jobs", folder=folder.full_name, limit=limit, start=start, glob=glob)
        listed += [job["name"] for job in answer.data["jobs"]]
        start = answer.data.get("next_start")
    assert sorted(listed) == sorted(jobs)


@given(tree=st.dictionaries(names, trees, min_size=1, max_size=4))
def test_property_04_every_job_is_found_in_its_folder(play: PlayedJenkins, tree: dict[str, Any]) -> None:
    top = play.folder()
    fill(play, top, tree)
    inside = [job for job in top.walk() if job is not top]
    left, found = [top.full_name], set()
    while left:  # one call reads a limited number of folders, and names the others
        answer = play.call("jenkins_list_jobs", folder=left.pop(), recursive=True, limit=100)
        found |= {job["name"] for job in answer.data["jobs"]}
        left += answer.data.get("not_descended", [])
    assert found == {job.full_name for job in inside}
    for folder in [job for job in (top, *inside) if job.is_container][:3]:
        answer = play.call("jenkins_list_jobs", folder=folder.full_name, limit=100)
        assert {job["name"] for job in answer.data["jobs"]} == {job.full_name for job in folder.children.values()}


@given(
    parameters=st.dictionaries(names, st.sampled_from(["string", "boolean", "choice", "text", "password"]), max_size=5),
    description=st.text(st.characters(categories=["L", "N", "Zs"]), max_size=40),
    builds=st.integers(0, 3),
)
def test_property_05_a_job_is_described_as_it_is_defined(
    play: PlayedJenkins, parameters: dict[str, Any], description: str, builds: int
) -> None:
    job = play.job(
        play.folder(),
        "app",
        description=description,
        parameters=tuple(Parameter(name, kind, choices=("x", "y")) for name, kind in parameters.items()),
    )
    for _ in range(builds):
        play.do(play.world.trigger, job, [{"shortDescription": "x"}], {}, 0)
        play.advance(2)
    answer = play.call("jenkins_get_job", job=job.full_name).data
    assert {one["name"]: one["type"] for one in answer.get("parameters", [])} == parameters
    assert [one["choices"] for one in answer.get("parameters", []) if one["type"] == "choice"] == [
        ["x", "y"] for kind in parameters.values() if kind == "choice"
    ]
    assert answer.get("description", "") == " ".join(description.split())
    assert answer.get("last", {}).get("number", 0) == builds


@given(states=st.dictionaries(names, st.booleans(), min_size=1, max_size=6))
def test_property_06_a_job_is_disabled_in_every_answer_or_in_none(play: PlayedJenkins, states: dict[str, bool]) -> None:
    folder = play.folder()
    expected = {play.job(folder, name, disabled=state).full_name: state for name, state in states.items()}
    listed = play.call("jenkins_list_jobs", folder=folder.full_name).data["jobs"]
    assert {job["name"]: job.get("disabled", False) for job in listed} == expected
    name, state = next(iter(expected.items()))
    assert play.call("jenkins_get_job", job=name).data.get("disabled", False) is state


@given(path=st.lists(names, min_size=1, max_size=4))
def test_property_26_an_address_is_made_of_the_names_and_leads_back_to_them(
    play: PlayedJenkins, path: list[str]
) -> None:
    folder = play.folder()
    for name in path[:-1]:
        folder = play.job(folder, name, kind="folder")
    job = play.job(folder, path[-1])
    page = play.call("jenkins_get_job", job=job.full_name).data["page"]
    parts = job.full_name.split("/")
    assert page == play.jenkins.url + "".join(f"/job/{quote(part, safe='')}" for part in parts) + "/"
    assert play.call("jenkins_get_job", job=page).data["job"] == job.full_name


def fill(play: PlayedJenkins, folder: Job, tree: dict[str, Any]) -> None:
    """Put jobs into a folder, and folders for dictionaries."""
    for name, inside in tree.items():
        if any(name.casefold() == other.casefold() for other in folder.children):
            continue
        made = play.job(folder, name, kind="freestyle" if inside is None else "folder")
        fill(play, made, inside or {})
