"""For any name, a request goes to the intended route, or is not sent at all."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any
from urllib.parse import unquote

import httpx
import pytest
import respx
from hypothesis import example, given
from hypothesis import strategies as st

from ci_mcp_kit.errors import InvalidInput
from forge_client.gitea import code_calls, issue_calls, pull_calls, server_calls, write_calls
from forge_client.models.issues import Label
from forge_client.requests import IssueFilter, PullFilter
from support.forge_client import HELLO, SERVER, Clock

if TYPE_CHECKING:
    from ci_mcp_http.call import Call

REPO = "octo/hello"
PIECES = st.sampled_from(
    [
        *("..", ".", "...", "/", "//", "%2f", "%2F", "%00", "%", "?", "#", "\n", "\r\n", "\t", " ", "\\", ";", "@"),
        *(":", "*", "-", "~", "^", "{", "\ud800", "\x7f", "&", "=", "+", "api", "v1", "repos", "main", "a", "ö"),
        *("日本", "\u202e"),
    ]
)
ODD = st.one_of(st.lists(PIECES, max_size=6).map("".join), st.text(max_size=20))
OWNER_AND_NAME = st.tuples(ODD, ODD).map("/".join)


def target(call: Call[Any]) -> bytes:
    """The path as it goes over the wire, without the query."""
    return httpx.Request(call.method, SERVER + call.path, params=call.params or None).url.raw_path.partition(b"?")[0]


def segments(call: Call[Any]) -> list[str]:
    path = target(call).decode("ascii")
    assert path == call.path
    assert not {"?", "#", "\\", " "} & {*path}
    parts = path.split("/")[1:]
    assert not {"", ".", ".."} & {unquote(part) for part in parts}
    return parts


def make(build: Any, *arguments: Any) -> Call[Any] | None:
    try:
        call: Call[Any] = build(*arguments)
    except InvalidInput as error:
        refused = error
    else:
        return call
    assert len(refused.message) < 400
    assert refused.message.isprintable()
    return None


@given(repo=OWNER_AND_NAME)
@example(repo="../admin")
@example(repo="octo/..")
@example(repo="octo%2fhello/x")
@example(repo="octo/hello?x=1")
@example(repo="octo/hello#x")
@example(repo="octo/hello\nX: 1")
def test_a_repository_is_two_segments_or_none(repo: str) -> None:
    if (call := make(issue_calls.issue, repo, 7)) is not None:
        api, version, repos, owner, name, *rest = segments(call)
        assert (api, version, repos, rest) == ("api", "v1", "repos", ["issues", "7"])
        assert f"{unquote(owner)}/{unquote(name)}" == call.scope == repo.strip()


@given(path=ODD)
@example(path="../../../admin/users")
@example(path="src/%2e%2e/x")
@example(path="a?ref=main")
@example(path="a#b")
def test_the_path_of_a_file_stays_below_its_route(path: str) -> None:
    if (call := make(code_calls.file, REPO, path)) is not None:
        prefix, rest = segments(call)[:6], segments(call)[6:]
        assert "/" + "/".join(prefix) == f"{HELLO}/raw"
        assert "/".join(map(unquote, rest)) == path.strip("/")
    if (call := make(code_calls.folder, REPO, path)) is not None:
        assert "/".join(map(unquote, segments(call)[6:])) == path.strip("/")


@given(ref=ODD)
@example(ref="main/../../../user")
@example(ref="main?x")
@example(ref="-f")
@example(ref="a..b")
@example(ref="refs/heads/a.lock")
def test_a_ref_stays_below_its_route(ref: str) -> None:
    if (call := make(code_calls.branch, REPO, ref)) is not None:
        assert "/".join(map(unquote, segments(call)[6:])) == ref
    if (call := make(code_calls.comparison, REPO, "main", ref)) is not None:
        assert "/".join(map(unquote, segments(call)[6:])) == f"main...{ref}"
    if (call := make(code_calls.comparison, REPO, ref, "main")) is not None:
        assert unquote("/".join(segments(call)[6:])).count("...") == 1


@given(text=ODD)
def test_only_a_hash_gets_into_the_routes_of_commits(text: str) -> None:
    for build in (
        code_calls.commit,
        code_calls.commit_diff,
        code_calls.tree,
        pull_calls.checks,
        pull_calls.merged_pull,
    ):
        if make(build, REPO, text) is not None:
            assert text.isascii()
            assert text.isalnum()


@given(text=ODD)
@example(text="bug&state=all")
@example(text="a\r\nX-Evil: 1")
def test_a_filter_is_one_value_of_its_parameter(text: str) -> None:
    wanted = IssueFilter(labels=(text,) if text else (), text=text, author=text, assignee=text)
    if (call := make(issue_calls.issues, REPO, wanted)) is not None:
        url = httpx.Request("GET", SERVER + call.path, params=call.params).url
        assert url.params.multi_items() == [*call.params]
        assert "\n" not in str(url)


@given(text=ODD)
def test_the_owner_of_labels_is_one_segment(text: str) -> None:
    if (call := make(server_calls.organisation_labels, text)) is not None:
        assert [*map(unquote, segments(call))] == ["api", "v1", "orgs", text, "labels"]


@given(number=st.integers(max_value=0))
def test_numbers_count_from_one(number: int) -> None:
    for build in (issue_calls.issue, issue_calls.timeline, issue_calls.comment, pull_calls.pull, pull_calls.diff):
        assert make(build, REPO, number) is None
    assert make(write_calls.remove_label, REPO, 7, Label(id=number, name="a")) is None


@pytest.mark.parametrize("name", ["..", "a/b", "a%2fb", "a?b#c", "a\nb", "ünï", "a b"])
async def test_the_request_that_arrives_has_the_path_that_is_meant(clock: Clock, name: str) -> None:
    with respx.mock(assert_all_called=False) as everything:
        everything.route().respond(content=b"x")
        async with clock.client() as client:
            call = make(code_calls.file, REPO, name)
            if call is not None:
                await client.send(call)
        arrived = [call.request.url.raw_path.decode() for call in everything.calls]
    expected = {"a/b": "a/b", "a%2fb": "a%252fb", "a?b#c": "a%3Fb%23c", "ünï": "%C3%BCn%C3%AF", "a b": "a%20b"}
    assert arrived == ([f"{HELLO}/raw/{expected[name]}"] if name in expected else [])


EVERY_READ = [
    server_calls.version(),
    server_calls.organisation_labels("octo"),
    issue_calls.issues(REPO, IssueFilter()),
    issue_calls.issue(REPO, 7),
    pull_calls.pulls(REPO, PullFilter()),
    pull_calls.diff(REPO, 7),
    pull_calls.checks(REPO, "a" * 40),
    code_calls.branch(REPO, "feature/secret"),
    code_calls.comparison(REPO, "main", "feature/secret"),
    code_calls.file(REPO, "src/secret.py"),
    write_calls.remove_label(REPO, 7, Label(id=3, name="secret")),
]


@pytest.mark.parametrize("call", EVERY_READ, ids=lambda call: call.operation)
def test_the_template_of_a_path_names_nothing_of_anyone(call: Call[Any]) -> None:
    assert not {"octo", "hello", "secret", "7", "main"} & {*call.template.replace("/", " ").split()}
    assert call.template.startswith("/api/v1/")
