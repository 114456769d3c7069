"""Property 8: the values of parameters reach the build as they were given."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from hypothesis import example, given, settings
from hypothesis import strategies as st

from support.jenkins_desk import work

if TYPE_CHECKING:
    from support.jenkins_desk import Desk

CHOICES = ["dev", "prod & co", " ü "]
SCENARIO: dict[str, Any] = {
    "jobs": {
        "app": {
            "parameters": [
                {"name": "LINE"},
                {"name": "NOTES", "type": "text"},
                {"name": "LOGIN", "type": "password"},
                {"name": "ENVIRONMENT", "type": "choice", "choices": CHOICES},
                {"name": "DRY", "type": "boolean"},
            ]
        }
    }
}
# Without what Jenkins cannot store, which is refused.
TEXT = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0\ufffe\uffff"), max_size=200)


@settings(max_examples=100, deadline=None)
@given(
    line=TEXT,
    notes=st.lists(TEXT).map("\r\n".join).filter(lambda text: len(text) <= 4000),
    login=TEXT,
    environment=st.sampled_from(CHOICES),
    dry=st.booleans(),
)
@example(line="a=b&c=%20+ ", notes="x" * 8000, login="", environment=CHOICES[0], dry=True)
def test_property_08_parameters_arrive_unmodified(
    line: str, notes: str, login: str, environment: str, dry: bool
) -> None:
    values: dict[str, str | bool] = {
        "LINE": line,
        "NOTES": notes,
        "LOGIN": login,
        "ENVIRONMENT": environment,
        "DRY": dry,
    }

    async def act(at: Desk) -> None:
        answer = await at.call("jenkins_trigger_build", job="app", parameters=values)
        assert not answer.failed, answer.text
        assert at.jenkins.job("app").builds[-1].parameters == values
        assert "differences" not in answer.data

    work(SCENARIO, act)
