"""Property 7: a trigger is answered with the number of its queue item, whatever address Jenkins is reached at."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from hypothesis import given, settings
from hypothesis import strategies as st

from support.jenkins_desk import work

if TYPE_CHECKING:
    from support.jenkins_desk import Desk


@settings(max_examples=100, deadline=None)
@given(
    prefix=st.sampled_from(["", "/ci", "/a/b"]),
    before=st.integers(0, 5),
    root=st.sampled_from(["https://elsewhere.example.com/", "http://localhost/queue/item/7/"]),
)
def test_property_07_queue_identifier(prefix: str, before: int, root: str) -> None:
    scenario: dict[str, Any] = {"prefix": prefix, "jobs": {"app": {"next": {"seconds": 60}}, "other": {}}}

    async def act(at: Desk) -> None:
        world = at.jenkins.world
        world.root_url = root
        for _ in range(before):
            world.trigger(at.jenkins.job("other"), [], {}, 0)
        answer = await at.call("jenkins_trigger_build", job="app")
        assert not answer.failed, answer.text
        assert world.items[answer.data["item"]].job is at.jenkins.job("app")

    work(scenario, act)
