"""Property 1: Jenkins knows the user whose name and token or password are configured, and no answer shows a secret."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from jenkins_mcp_simulator.records import User
from support.jenkins import agent_of
from support.played_jenkins import PlayedJenkins, played_jenkins

if TYPE_CHECKING:
    from collections.abc import Iterator

    from support.agent import Answer

OF_NAMES = st.characters(categories=["L", "N"], include_characters="._-@+")
NAMES = st.text(OF_NAMES, min_size=1, max_size=20)
TOKENS = st.text("0123456789abcdefABCDEF-_.=+/%", min_size=8, max_size=40)
PASSWORDS = st.text(
    st.characters(categories=["L", "N"], include_characters="!#%&()*+,-./:;<=>?@[]^_|~"), min_size=8, max_size=40
)


@pytest.fixture(scope="module")
def play() -> Iterator[PlayedJenkins]:
    with played_jenkins({"jobs": {"app": {"description": "", "builds": [{}]}}}) as play:
        yield play


@settings(max_examples=100, deadline=None)
@given(name=NAMES, token=TOKENS, password=PASSWORDS, form=st.sampled_from(["token", "pair", "password"]))
def test_property_01_credentials(play: PlayedJenkins, name: str, token: str, password: str, form: str) -> None:
    # A user with this name and both secrets; `wrong` is another secret of the same form.
    play.jenkins.world.users = {name: User(name, token, password, frozenset({"Overall/Read", "Job/Read"}))}
    secret = password if form == "password" else token
    right, wrong = ({"JENKINS_USERNAME": name, **given_as(form, name, text)} for text in (secret, f"{secret}0"))

    async def list_jobs(env: dict[str, str]) -> Answer:
        async with agent_of(JENKINS_URL=play.jenkins.url, JENKINS_MAX_RETRIES="0", **env) as agent:
            return await agent.call("jenkins_list_jobs")

    play.jenkins.asked.clear()
    answer = play.portal.call(list_jobs, right)
    assert (answer.failed, {request.user for request in play.jenkins.asked}) == (False, {name})
    refused = play.portal.call(list_jobs, wrong)
    assert refused.code == "AUTH_FAILED"
    assert not [text for text in (answer.text, refused.text) if secret in text]


def given_as(form: str, name: str, secret: str) -> dict[str, str]:
    if form == "password":
        return {"JENKINS_PASSWORD": secret}
    is_pair = form == "pair" and name.isascii()  # a token takes no other characters
    return {"JENKINS_API_TOKEN": f"{name}:{secret}" if is_pair else secret}
