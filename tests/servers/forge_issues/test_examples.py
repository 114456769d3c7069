"""docs/examples/issues.md has an answer of each tool."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from support.examples import hold_examples
from support.issues_desk import PULL, SLUG

if TYPE_CHECKING:
    from support.issues_desk import IssuesDesk

pytestmark = [pytest.mark.checkout, pytest.mark.usefixtures("same_marks")]

REPO = {"repo": SLUG}
CALLS: dict[str, dict[str, Any]] = {
    "drone_list_issues": REPO,
    "drone_get_issue": {**REPO, "number": 13},
    "drone_list_pull_requests": REPO,
    "drone_get_pull_request": {**REPO, "build": 3},
    "drone_get_pull_request_diff": {**REPO, "number": PULL},
    "drone_create_issue": {**REPO, "title": "Multiplication adds", "labels": ["bug"]},
    "drone_update_issue": {**REPO, "number": 13, "state": "closed"},
    "drone_add_issue_comment": {**REPO, "number": PULL, "body": "`mul` adds its arguments."},
    "drone_create_pull_request": {**REPO, "head": "nightly", "title": "Soak at night", "dry_run": True},
    "drone_report_build": {**REPO, "build": 3},
    "drone_report_flaky_step": {**REPO, "step": "soak"},
}


async def test_the_examples_are_what_the_tools_answer(desk: IssuesDesk) -> None:
    await hold_examples("issues", desk.client, CALLS)
