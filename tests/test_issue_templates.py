"""The forms for issues are what GitHub accepts, and what they name exists."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import jsonschema
import pytest
import yaml

pytestmark = pytest.mark.checkout

ROOT = Path(__file__).parent.parent
FORMS = sorted((ROOT / ".github" / "ISSUE_TEMPLATE").glob("*.yml"))
TEXT = {"type": "string", "minLength": 1}
# What is used here of GitHub's form schema: https://docs.github.com/en/communities/using-templates-to-encourage-useful-issues-
# and-pull-requests/syntax-for-githubs-form-schema.
FORM: dict[str, Any] = {
    "type": "object",
    "required": ["name", "description", "body"],
    "additionalProperties": False,
    "properties": {
        "name": TEXT,
        "description": TEXT,
        "body": {
            "type": "array",
            "minItems": 1,
            "items": {
                "type": "object",
                "required": ["type", "attributes"],
                "additionalProperties": False,
                "properties": {
                    "type": {"enum": ["markdown", "textarea", "input"]},
                    "id": {"type": "string", "pattern": "^[a-z]+$"},
                    "attributes": {
                        "type": "object",
                        "additionalProperties": False,
                        "properties": dict.fromkeys(("label", "description", "render", "value"), TEXT),
                    },
                    "validations": {
                        "type": "object",
                        "additionalProperties": False,
                        "properties": {"required": {"type": "boolean"}},
                    },
                },
            },
        },
    },
}


@pytest.mark.parametrize("file", FORMS, ids=lambda file: file.stem)
def test_a_form_is_what_github_accepts(file: Path) -> None:
    form = yaml.safe_load(file.read_text(encoding="utf-8"))
    jsonschema.validate(form, FORM)
    ids = [part["id"] for part in form["body"] if part["type"] != "markdown"]
    assert len(set(ids)) == len(ids)
    assert all("label" in part["attributes"] for part in form["body"] if part["type"] != "markdown")


@pytest.mark.parametrize("file", FORMS, ids=lambda file: file.stem)
def test_a_form_names_tools_and_pages_that_exist(file: Path) -> None:
    text = file.read_text(encoding="utf-8")
    tools = (ROOT / "docs" / "tools.md").read_text(encoding="utf-8")
    assert all(f"### `{tool}`" in tools for tool in re.findall(r"`(drone_\w+)`", text))
    assert all((ROOT / page).exists() for page in re.findall(r"blob/main/([\w/.]+)", text))


def test_there_is_a_form_for_faults_and_one_for_wrong_diagnoses() -> None:
    assert [file.stem for file in FORMS] == ["bug", "log"]
