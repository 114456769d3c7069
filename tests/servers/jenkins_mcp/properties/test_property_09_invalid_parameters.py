"""Property 9: parameters that a job does not take are refused before anything is sent, with what it accepts."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from hypothesis import given, settings
from hypothesis import strategies as st

from support.jenkins_desk import work

if TYPE_CHECKING:
    from support.jenkins_desk import Desk

SCENARIO: dict[str, Any] = {
    "jobs": {
        "lib": {"builds": [{}]},
        "app": {
            "parameters": [
                {"name": "ENVIRONMENT", "type": "choice", "choices": ["dev", "prod"]},
                {"name": "DRY", "type": "boolean"},
                {"name": "BASE", "type": "run", "project": "lib"},
                {"name": "upload", "type": "file"},
            ]
        },
    }
}
DECLARED = ("ENVIRONMENT", "DRY", "BASE", "upload")
WORDS = st.text(st.characters(exclude_categories=["Cs", "Cc"]), min_size=1, max_size=20)
WRONG = st.one_of(
    st.tuples(WORDS.filter(lambda name: name not in DECLARED), WORDS),
    st.tuples(st.just("ENVIRONMENT"), WORDS.filter(lambda value: value not in {"dev", "prod"})),
    st.tuples(st.just("DRY"), WORDS.filter(lambda value: value.lower() not in {"true", "false"})),
    st.tuples(st.just("BASE"), WORDS.filter(lambda value: value != "lib#1")),
    st.tuples(st.just("BASE"), st.integers(2, 10**9).map("lib#{}".format)),
    st.tuples(st.just("upload"), WORDS),
)


@settings(max_examples=100, deadline=None)
@given(wrong=WRONG, right=st.dictionaries(st.just("DRY"), st.booleans()))
def test_property_09_invalid_parameters(wrong: tuple[str, str], right: dict[str, bool]) -> None:
    name, value = wrong

    async def act(at: Desk) -> None:
        answer = await at.call("jenkins_trigger_build", job="app", parameters={**right, name: value})
        assert answer.code == "INVALID_INPUT", answer.text
        assert answer.data["details"]["accepts"]
        assert at.writes == []
        assert at.jenkins.world.items == {}

    work(SCENARIO, act)
