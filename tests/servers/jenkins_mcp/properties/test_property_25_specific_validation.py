"""Property 25: a refusal names each wrong parameter, and what it takes."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from hypothesis import given, settings
from hypothesis import strategies as st

from support.jenkins_desk import work

if TYPE_CHECKING:
    from support.jenkins_desk import Desk

SCENARIO: dict[str, Any] = {
    "jobs": {
        "app": {
            "parameters": [
                {"name": "ENVIRONMENT", "type": "choice", "choices": ["dev", "prod"]},
                {"name": "DRY", "type": "boolean"},
                {"name": "BASE", "type": "run", "project": "lib"},
                {"name": "upload", "type": "file"},
                {"name": "VERSION"},
            ]
        }
    }
}
SAID = {
    "ENVIRONMENT": "ENVIRONMENT takes one of dev, prod",
    "DRY": "DRY takes true or false",
    "BASE": "BASE takes a build of lib, like lib#12",
    "upload": "upload takes a file, which cannot be sent from here",
    "ODD": "ODD is not a parameter of it",
}


@settings(max_examples=100, deadline=None)
@given(
    wrong=st.dictionaries(st.sampled_from(sorted(SAID)), st.integers(2, 10**6), min_size=1),
    version=st.integers(0, 99),
)
def test_property_25_specific_validation(wrong: dict[str, int], version: int) -> None:
    async def act(at: Desk) -> None:
        answer = await at.call("jenkins_trigger_build", job="app", parameters={"VERSION": version, **wrong})
        assert answer.code == "INVALID_INPUT"
        assert {name for name, said in SAID.items() if said in answer.data["message"]} == wrong.keys()
        assert "VERSION" not in answer.data["message"]
        assert at.writes == []

    work(SCENARIO, act)
