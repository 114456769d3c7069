from __future__ import annotations

from contextlib import suppress
from urllib.parse import quote

import pytest
from hypothesis import given
from hypothesis import strategies as st

from drone_mcp_client.errors import InvalidInput
from drone_mcp_client.name_parsing import BuildRef, RepoName, parse_build_url, parse_repo
from support.texts import SEGMENTS

PLAIN = st.from_regex(r"[A-Za-z0-9_][A-Za-z0-9._-]{0,20}", fullmatch=True)
NUMBERS = st.integers(min_value=1, max_value=2**63 - 1)


@given(PLAIN, PLAIN)
def test_a_repository_reads_back_as_written(owner: str, name: str) -> None:
    assert parse_repo(f" {owner}/{name} ") == RepoName(owner, name)
    assert str(parse_repo(f"{owner}/{name}")) == f"{owner}/{name}"


@given(SEGMENTS, SEGMENTS, st.sampled_from(["", "/", "/42", "/settings", "/42/1/2?x=y#z"]))
def test_a_repository_is_read_from_any_of_its_pages(owner: str, name: str, rest: str) -> None:
    page = f"https://drone.example.com/{quote(owner, safe='')}/{quote(name, safe='')}{rest}"
    assert parse_repo(page) == RepoName(owner, name)


@pytest.mark.parametrize(
    "text",
    ["", "octo", "octo/", "/hello", "a/b/c", "../x", "octo/..", "octo/he\nllo", "https://drone.example.com/octo"],
)
def test_what_names_no_repository_is_refused_with_the_form_it_takes(text: str) -> None:
    with pytest.raises(InvalidInput) as caught:
        parse_repo(text)
    assert "owner/name" in caught.value.next_step


@given(PLAIN, PLAIN, NUMBERS)
def test_a_build_is_read_from_its_page_its_route_and_its_short_form(owner: str, name: str, number: int) -> None:
    repo = RepoName(owner, name)
    page = parse_build_url(f"https://Drone.example.com:8443/{owner}/{name}/{number}")
    assert page == BuildRef("https://drone.example.com:8443", repo, number)
    assert parse_build_url(f"http://d/api/repos/{owner}/{name}/builds/{number}").number == number
    assert parse_build_url(str(page)) == BuildRef("", repo, number)


@given(NUMBERS, NUMBERS, NUMBERS)
def test_a_steps_page_names_stage_and_step(number: int, stage: int, step: int) -> None:
    expected = BuildRef("http://d", RepoName("octo", "hello"), number, stage, step)
    assert parse_build_url(f"http://d/octo/hello/{number}/{stage}/{step}/") == expected
    assert parse_build_url(f"http://d/api/repos/octo/hello/builds/{number}/logs/{stage}/{step}") == expected


def test_a_repository_called_builds_is_no_trap() -> None:
    assert parse_build_url("http://d/api/repos/logs/builds/builds/3") == BuildRef(
        "http://d", RepoName("logs", "builds"), 3
    )


def test_a_password_in_a_pasted_address_goes_no_further() -> None:
    assert parse_build_url("https://joe:pw@d/octo/hello/1").server == "https://d"


@pytest.mark.parametrize(
    "text",
    [
        "octo/hello",
        "octo/hello#",
        "octo/hello#0",
        "octo/hello#-1",
        "octo/hello#1e3",
        "octo/hello#²",
        "octo/hello#9223372036854775808",
        "https://d/octo/hello",
        "https://d/octo/hello/settings",
        "https://d/octo/hello/1/x",
        "https://d:bad/octo/hello/1",
        "https://[/octo/hello/1",
        "https:///octo/hello/1",
        "https://d/octo/hello/1 2",
        "ftp://d/octo/hello/1",
        "",
    ],
)
def test_what_names_no_build_is_refused(text: str) -> None:
    with pytest.raises(InvalidInput):
        parse_build_url(text)


@given(st.text(max_size=60))
def test_no_text_is_more_than_a_refusal(text: str) -> None:
    for read in (parse_repo, parse_build_url):
        with suppress(InvalidInput):
            read(text)


@given(st.text(max_size=2000))
def test_a_refusal_is_a_line_of_printable_text(text: str) -> None:
    with pytest.raises(InvalidInput) as caught:
        parse_repo(f"/{text}")
    assert caught.value.message.isprintable()
    assert len(caught.value.message) < 2000
