"""The models keep the fields of the captured answers."""

from __future__ import annotations

import json
from collections import defaultdict
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

import pytest
from pydantic import AliasPath, BaseModel

from forge_client.models import code, issues, pulls, server
from forge_client.models.base import ForgeModel
from support.forge_captures import CAPTURES, FIXTURES, forgejo, gitea
from support.forge_routes import EXPECTED, USED, answer_of

if TYPE_CHECKING:
    from collections.abc import Iterator

    from support.forge_captures import ForgeCapture

MODELS = {
    model
    for module in (code, issues, pulls, server)
    for model in vars(module).values()
    if isinstance(model, type) and issubclass(model, ForgeModel) and model is not ForgeModel
}
# Made by this client and not read.
NOT_READ = {code.LfsPointer, pulls.PullsFound, code.FileContent}
# What the captured server sends, and has none of.
NEVER_FILLED = {
    *("BranchProtection.block_on_outdated_branch", "BranchProtection.enable_push"),
    *("BranchProtection.protected_file_patterns", "BranchProtection.require_signed_commits"),
    *("Label.is_archived", "PullMark.draft", "PullRequest.is_locked", "PullRequest.milestone"),
    *("Repository.has_pull_requests", "Repository.internal", "Repository.mirror", "Review.dismissed", "Review.stale"),
    *("TimelineEvent.commit", "TimelineEvent.removed_assignee", "User.full_name"),
    "Comparison.files",  # Forgejo's
}


def keys_in(value: Any) -> Iterator[str]:
    if isinstance(value, dict):
        yield from value
        value = list(value.values())
    for item in value if isinstance(value, list) else ():
        yield from keys_in(item)


def models_in(value: Any) -> Iterator[BaseModel]:
    if isinstance(value, BaseModel):
        yield value
        for name in type(value).model_fields:
            yield from models_in(getattr(value, name))
    elif isinstance(value, tuple):
        for item in value:
            yield from models_in(item)
    elif hasattr(value, "answer"):
        yield from models_in(value.answer)


def test_every_field_of_every_model_is_filled_from_some_captured_answer() -> None:
    filled: dict[type, set[str]] = defaultdict(set)
    for number in USED:
        if number not in EXPECTED:
            for model in models_in(answer_of(CAPTURES[number])):
                fields = type(model).model_fields
                filled[type(model)] |= {n for n, f in fields.items() if getattr(model, n) != f.default}
    missing = {(model, name) for model in MODELS - NOT_READ for name in {*model.model_fields} - filled[model]}
    assert {f"{model.__name__}.{name}" for model, name in missing} == NEVER_FILLED
    sent = {key for capture in (*CAPTURES.values(), forgejo(219)) if is_json(capture) for key in keys_in(capture.json)}
    aliases = {model.model_fields[name].validation_alias or name for model, name in missing}
    assert {alias.path[0] if isinstance(alias, AliasPath) else alias for alias in aliases} <= sent


def is_json(capture: ForgeCapture) -> bool:
    is_whole = (capture.body != b"" and not capture.is_cut) or capture.body.startswith(b"[")
    return is_whole and capture.content_type.startswith("application/json")


def test_an_issue_is_read_with_its_names_and_moments() -> None:
    issue = answer_of(gitea(101))
    assert (issue.number, issue.author, issue.state) == (12, "octavia", "open")
    assert [label.name for label in issue.labels] == ["bug", "ci", "kind/infra"]
    assert (issue.milestone.title, [user.login for user in issue.assignees]) == ("v2", ["hugo"])
    assert issue.updated_at == datetime(2026, 11, 28, 14, 8, 12, tzinfo=UTC)
    assert (issue.closed_at, issue.pull_request) == (None, None)


def test_a_pull_request_from_a_fork_names_the_fork() -> None:
    pull = answer_of(gitea(149))
    assert (pull.number, pull.head.ref, pull.head.repository) == (11, "patch-1", "hugo/hello")
    assert (pull.base.ref, pull.base.repository) == ("main", "octo/hello")


@pytest.mark.parametrize(
    ("number", "words"),
    [(150, "no conflict known"), (148, "conflicts"), (157, "draft"), (153, "merged"), (152, "closed without")],
)
def test_what_mergeable_means_is_reported_in_words(number: int, words: str) -> None:
    assert answer_of(gitea(number)).merge_state.startswith(words)


def test_the_version_tells_gitea_from_forgejo() -> None:
    assert answer_of(gitea(2)).kind == "gitea"
    assert answer_of(forgejo(2)).kind == "forgejo"


def test_the_checks_of_a_commit_are_its_newest_statuses() -> None:
    checks = answer_of(gitea(192))
    outcomes = {status.context: status.outcome for status in checks.statuses}
    assert outcomes["continuous-integration/drone/pr"] == "failing"
    assert (checks.outcome, checks.total) == ("failing", 3)
    assert answer_of(gitea(196)).outcome == answer_of(forgejo(196)).outcome == "none"


@pytest.mark.parametrize(
    ("states", "outcome"),
    [
        (["success", "warning", "skipped"], "passing"),
        (["success", "passed"], "pending"),  # any word is taken, and none of a forge's own means that one is done
        (["pending", "success"], "pending"),
        (["pending", "error"], "failing"),
    ],
)
def test_checks_are_no_better_than_the_worst_of_them(states: list[str], outcome: str) -> None:
    statuses = tuple(pulls.CommitStatus(context=str(at), state=state) for at, state in enumerate(states))
    assert pulls.Checks(statuses=statuses).outcome == outcome


def test_the_checks_of_one_system_are_those_that_link_to_it() -> None:
    joined = json.loads((FIXTURES / "gitea-1.27.3" / "drone_join.json").read_text(encoding="utf-8"))
    for statuses in joined["statuses"].values():
        others = [
            {"id": 98, "status": "failure", "context": "continuous-integration/drone", "target_url": url}
            for url in ("", "http://127.0.0.1:290801/octo/hello/1", "http://other/?http://127.0.0.1:29080/octo/hello/1")
        ]
        checks = pulls.Checks.model_validate({"statuses": statuses + others, "total_count": 99})
        found = checks.linked_below("http://127.0.0.1:29080/")
        assert [status.target_url for status in found.statuses] == [status["target_url"] for status in statuses]
        assert (found.total, found.outcome == "failing") == (
            len(statuses),
            "error" in {status["status"] for status in statuses},
        )


def test_an_edit_of_an_issue_changes_its_version() -> None:
    edits = (278, 299, 300, 304, 305, 310, 312)  # title, body twice, state, milestone, assignees
    assert len({answer_of(gitea(number)).answer.version for number in edits}) == len(edits)
    assert answer_of(gitea(305)).answer.version == answer_of(gitea(306)).answer.version


def test_a_comment_on_an_issue_leaves_its_version() -> None:
    issue = answer_of(forgejo(101))
    later = issue.model_copy(update={"comments": 9, "updated_at": datetime(2030, 1, 1, tzinfo=UTC)})
    assert later.version == issue.version


def test_go_writes_no_time_as_the_year_one() -> None:
    assert issues.Comment.model_validate({"id": 1, "created_at": "0001-01-01T00:00:00Z"}).created_at is None


def test_the_texts_of_a_timeline_that_a_person_reads_are_comments_and_reviews() -> None:
    texts = [event.body for event in answer_of(gitea(130)) if event.is_comment]
    assert texts == [
        "Please fix the test.",
        "Looking.",
        "Thanks, on it.",
    ]


POINTER = b"version https://git-lfs.github.com/spec/v1\noid sha256:4d7a2146\nsize 12345\n"


@pytest.mark.parametrize(
    ("content", "total", "size"),
    [
        (POINTER, len(POINTER), 12345),
        (POINTER, 5000, None),  # a part of a file
        (POINTER + b"x" * 1024, len(POINTER) + 1024, None),
        (POINTER.replace(b"size", b"sizes"), len(POINTER) + 1, None),
        (b"version 1\n", 10, None),
    ],
)
def test_a_pointer_of_git_lfs_is_distinguished_from_a_file(content: bytes, total: int, size: int | None) -> None:
    pointer = code.FileContent(content=content, total=total).lfs_pointer
    assert (pointer and pointer.size) == size


def test_a_file_with_a_nul_at_its_beginning_is_binary() -> None:
    logo = bytes.fromhex(gitea(252).body.decode())  # as it was written down
    assert code.FileContent(content=logo, total=len(logo)).is_binary
    assert not answer_of(gitea(246)).is_binary
    assert not code.FileContent(content=b"a" * code.LOOKED_AT + b"\0", total=code.LOOKED_AT + 1).is_binary
