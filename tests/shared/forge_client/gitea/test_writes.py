"""Writes: the request, the checks before it leaves, and the fields that the forge dropped."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import httpx
import pytest

from ci_mcp_kit.errors import InvalidInput, PermissionDenied, ServiceError, ServiceFailed
from forge_client.errors import Conflict, NotFound
from forge_client.gitea import write_calls
from forge_client.models.issues import Label, Milestone
from forge_client.requests import IssueChanges, PullChanges
from support.forge_captures import forgejo, gitea
from support.forge_client import HELLO, Clock

if TYPE_CHECKING:
    from collections.abc import Callable

    import respx

    from ci_mcp_http.call import Call

REPO = "octo/hello"
BUG, CI, ORG = Label(id=1, name="bug"), Label(id=3, name="ci"), Label(id=7, name="org-wide")
UNKNOWN = Label(id=99999, name="gone")
V2, V3 = Milestone(id=1, title="v2"), Milestone(id=2, title="v3")

EVERY_WRITE: list[Call[Any]] = [
    write_calls.create_issue(REPO, "a title"),
    write_calls.update_issue(REPO, 7, IssueChanges(state="closed")),
    write_calls.add_labels(REPO, 7, [BUG]),
    write_calls.set_labels(REPO, 7, [BUG]),
    write_calls.remove_label(REPO, 7, BUG),
    write_calls.create_comment(REPO, 7, "a text"),
    write_calls.update_comment(REPO, 306, "a text"),
    write_calls.create_pull(REPO, "a title", head="topic", base="main"),
    write_calls.update_pull(REPO, 7, PullChanges(state="closed")),
]


@pytest.mark.parametrize("call", EVERY_WRITE, ids=lambda call: call.operation)
def test_every_write_can_be_distinguished_from_a_read(call: Call[Any]) -> None:
    assert call.writes
    assert call.method != "GET"
    assert call.scope == REPO


@pytest.mark.parametrize(
    ("number", "call", "not_applied"),
    [
        (
            278,
            write_calls.create_issue(
                REPO, "From the bot", "A body.", labels=[CI, ORG], milestone=V3, assignees=["octavia"]
            ),
            (),
        ),
        (284, write_calls.create_issue(REPO, "unknown label id", labels=[UNKNOWN]), ("labels",)),
        (
            285,
            write_calls.create_issue(REPO, "unknown milestone", milestone=Milestone(id=99999, title="gone")),
            ("milestone",),
        ),
        # A reader may create the issue, and nothing else of it.
        (
            292,
            write_calls.create_issue(REPO, "a reader sets labels", labels=[BUG], milestone=V2, assignees=["octavia"]),
            ("labels", "milestone", "assignees"),
        ),
        (299, write_calls.update_issue(REPO, 169, IssueChanges(title="From the bot, edited")), ()),
        (300, write_calls.update_issue(REPO, 169, IssueChanges(body="Second body.", content_version=0)), ()),
        (304, write_calls.update_issue(REPO, 169, IssueChanges(body="")), ()),
        (305, write_calls.update_issue(REPO, 169, IssueChanges(state="closed")), ()),
        (310, write_calls.update_issue(REPO, 169, IssueChanges(milestone="none")), ()),
        (312, write_calls.update_issue(REPO, 169, IssueChanges(assignees=())), ()),
        (
            367,
            write_calls.create_pull(
                REPO, "From the bot", "Opened by the bot.\n\nCloses #169", head="to-release", base="main"
            ),
            (),
        ),
        (369, write_calls.create_pull(REPO, "From the bot", head="big-change", base="release", draft=True), ()),
        (374, write_calls.update_pull(REPO, 180, PullChanges(state="closed")), ()),
    ],
)
async def test_a_captured_write_is_sent_as_it_was_and_tells_what_did_not_take(
    forge: respx.MockRouter, clock: Clock, number: int, call: Call[Any], not_applied: tuple[str, ...]
) -> None:
    capture = gitea(number)
    route = forge.route(method=call.method, path=capture.path).mock(return_value=capture.answer())
    async with clock.client() as client:
        written = await client.send(call)
    assert json.loads(route.calls.last.request.content) == capture.request["body"]
    assert written.answer.number == capture.json["number"]
    assert written.not_applied == not_applied


async def test_a_title_that_the_forge_cut_did_not_take(forge: respx.MockRouter, clock: Clock) -> None:
    forge.post(f"{HELLO}/issues").mock(return_value=gitea(282).answer())
    async with clock.client() as client:
        written = await client.send(client.writes.create_issue(REPO, "t" * 255))
    assert written.not_applied == ("title",)


async def test_line_ends_that_the_forge_changes_are_no_other_body(forge: respx.MockRouter, clock: Clock) -> None:
    forge.post(f"{HELLO}/issues").respond(201, json={"number": 1, "title": "t", "body": "one\ntwo"})
    async with clock.client() as client:
        written = await client.send(client.writes.create_issue(REPO, "t", "one\r\ntwo"))
    assert written.not_applied == ()


@pytest.mark.parametrize(("label", "not_applied"), [(CI, ()), (UNKNOWN, ("labels",))])
async def test_labels_are_sent_by_id_and_looked_for_in_the_answer(
    forge: respx.MockRouter, clock: Clock, label: Label, not_applied: tuple[str, ...]
) -> None:
    route = forge.route(path=f"{HELLO}/issues/169/labels").mock(return_value=gitea(323).answer())
    async with clock.client() as client:
        added = await client.send(client.writes.add_labels(REPO, 169, [label]))
        replaced = await client.send(client.writes.set_labels(REPO, 169, [label]))
    assert [call.request.method for call in route.calls] == ["POST", "PUT"]
    assert json.loads(route.calls.last.request.content) == {"labels": [label.id]}
    assert added.not_applied == replaced.not_applied == not_applied


async def test_a_label_is_taken_off_by_its_id(forge: respx.MockRouter, clock: Clock) -> None:
    route = forge.delete(f"{HELLO}/issues/169/labels/3").mock(return_value=gitea(328).answer())
    async with clock.client() as client:
        await client.send(client.writes.remove_label(REPO, 169, CI))
    assert route.called


async def test_a_comment_is_made_and_edited(forge: respx.MockRouter, clock: Clock) -> None:
    forge.post(f"{HELLO}/issues/169/comments").mock(return_value=gitea(336).answer())
    route = forge.patch(f"{HELLO}/issues/comments/306").mock(return_value=gitea(351).answer())
    async with clock.client() as client:
        made = await client.send(client.writes.create_comment(REPO, 169, "hello"))
        edited = await client.send(client.writes.update_comment(REPO, made.id, "hello again"))
    assert (made.id, edited.id, edited.author) == (306, 306, "ci-bot")
    assert json.loads(route.calls.last.request.content) == {"body": "hello again"}


@pytest.mark.parametrize(
    "make",
    [
        lambda: write_calls.create_issue(REPO, ""),
        lambda: write_calls.create_issue(REPO, " \n\t"),
        lambda: write_calls.create_issue(REPO, "t" * 256),
        lambda: write_calls.create_issue(REPO, "a title", "\ud800"),
        lambda: write_calls.create_issue(REPO, "a title", "b" * 65_537),
        lambda: write_calls.create_comment(REPO, 7, " "),
        lambda: write_calls.create_comment(REPO, 0, "a text"),
        lambda: write_calls.update_comment(REPO, 306, ""),
        lambda: write_calls.update_issue(REPO, 7, IssueChanges()),
        lambda: write_calls.update_issue(REPO, 7, IssueChanges(content_version=3)),
        lambda: write_calls.update_issue(REPO, 7, IssueChanges(title="")),
        lambda: write_calls.update_pull(REPO, 7, PullChanges()),
        lambda: write_calls.update_pull(REPO, 7, PullChanges(base="a b")),
        lambda: write_calls.create_pull(REPO, "", head="topic", base="main", draft=True),
        lambda: write_calls.create_pull(REPO, "a title", head="", base="main"),
        lambda: write_calls.create_pull(REPO, "a title", head="user:", base="main"),
        lambda: write_calls.create_pull(REPO, "a title", head="topic", base="../main"),
    ],
)
def test_what_the_forge_would_take_badly_is_refused_before_it_leaves(make: Callable[[], Any]) -> None:
    with pytest.raises(InvalidInput):
        make()


@pytest.mark.parametrize(
    ("number", "call", "kind", "words"),
    [
        (301, EVERY_WRITE[1], Conflict, "already changed"),
        (309, EVERY_WRITE[1], Conflict, "open dependencies"),
        (315, EVERY_WRITE[1], PermissionDenied, "may not use issue 7"),
        (345, EVERY_WRITE[5], PermissionDenied, "octo/hello is archived"),
        (357, EVERY_WRITE[7], Conflict, "already exists"),
        (360, EVERY_WRITE[7], NotFound, 'ref "nosuch" does not exist'),
        (419, EVERY_WRITE[0], PermissionDenied, "lacks the scope write:issue"),
    ],
)
async def test_a_refused_write_changed_nothing_and_says_why(
    forge: respx.MockRouter, clock: Clock, number: int, call: Call[Any], kind: type[Exception], words: str
) -> None:
    forge.route().mock(return_value=gitea(number).answer())
    async with clock.client() as client:
        with pytest.raises(kind, match=words) as caught:
            await client.send(call)
    assert getattr(caught.value, "outcome_unknown", None) is False
    assert len(forge.calls) == 1


@pytest.mark.parametrize("number", [346, 311])
async def test_an_empty_500_of_a_write_leaves_open_what_was_done(
    forge: respx.MockRouter, clock: Clock, number: int
) -> None:
    forge.route().mock(return_value=gitea(number).answer())
    call = EVERY_WRITE[5] if number == 346 else EVERY_WRITE[1]
    async with clock.client() as client:
        with pytest.raises(ServiceFailed, match="is not there") as caught:
            await client.send(call)
    assert caught.value.outcome_unknown
    assert len(forge.calls) == 1


async def test_forgejo_says_that_the_issue_is_not_there(forge: respx.MockRouter, clock: Clock) -> None:
    forge.route().mock(return_value=forgejo(346).answer())
    async with clock.client() as client:
        with pytest.raises(NotFound) as caught:
            await client.send(EVERY_WRITE[5])
    assert not caught.value.outcome_unknown


@pytest.mark.parametrize("call", [EVERY_WRITE[0], EVERY_WRITE[5], EVERY_WRITE[7]], ids=lambda call: call.operation)
@pytest.mark.parametrize("trouble", [httpx.ReadError("cut"), httpx.Response(503)], ids=repr)
async def test_what_makes_something_new_is_not_sent_twice(
    forge: respx.MockRouter, clock: Clock, call: Call[Any], trouble: Any
) -> None:
    forge.route().mock(side_effect=[trouble] * 3)
    async with clock.client() as client:
        with pytest.raises(Exception, match=r"connection|proxy") as caught:
            await client.send(call)
    assert len(forge.calls) == 1
    assert getattr(caught.value, "outcome_unknown", None) is True


@pytest.mark.parametrize("number", [347, 419])
async def test_a_refused_write_names_the_variable_of_the_token_that_writes(
    forge: respx.MockRouter, clock: Clock, number: int
) -> None:
    forge.route().mock(return_value=gitea(number).answer())
    async with clock.client() as client:
        with pytest.raises(ServiceError) as caught:
            await client.send(EVERY_WRITE[5])
    assert "FORGE_WRITE_TOKEN" in caught.value.next_step


def test_an_edit_with_a_version_is_not_sent_twice() -> None:
    # The first may have been carried out, and the second would be refused.
    assert not write_calls.update_issue(REPO, 7, IssueChanges(body="b", content_version=1)).idempotent
    assert write_calls.update_issue(REPO, 7, IssueChanges(body="b")).idempotent
