"""Property 2: the address and all limits of a connection take effect as they are configured, or stop the start."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ci_mcp_kit.variables import SettingsError
from jenkins_mcp.settings import JenkinsSettings
from support.jenkins import agent_of
from support.played_jenkins import PlayedJenkins, played_jenkins

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from support.agent import Answer

PREFIXES = st.lists(st.text("abcdefghijklmnopqrstuvwxyz0123456789-_.~", min_size=1, max_size=8), max_size=3)
VALUES: dict[str, tuple[str, Any, Any]] = {
    "timeout": ("JENKINS_TIMEOUT", st.integers(1, 600), "10.5h"),
    "retries": ("JENKINS_MAX_RETRIES", st.integers(0, 10), "11"),
    "backoff": ("JENKINS_RETRY_BACKOFF", st.integers(1, 60), "0s"),
    "max_body": ("JENKINS_MAX_BODY", st.integers(2**16, 2**32), "1K"),
    "skip_verify": ("JENKINS_TLS_SKIP_VERIFY", st.booleans(), "perhaps"),
}


@pytest.fixture(scope="module")
def play() -> Iterator[PlayedJenkins]:
    with played_jenkins({"jobs": {"app": {"builds": [{}]}}}) as play:
        yield play


@pytest.fixture(scope="module")
def file(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("config") / "jenkins.yaml"


@settings(max_examples=100, deadline=None)
@given(
    prefix=PREFIXES.map(lambda parts: "".join(f"/{part}" for part in parts if part.strip("."))),
    values=st.fixed_dictionaries({}, optional={field: values for field, (_, values, _) in VALUES.items()}),
    has_file=st.booleans(),
    slash=st.sampled_from(["", "/"]),
    wrong=st.sampled_from([None, None, *VALUES]),
)
def test_property_02_connection_parameters(
    play: PlayedJenkins, file: Path, prefix: str, values: dict[str, Any], has_file: bool, slash: str, wrong: str | None
) -> None:
    play.jenkins.world.prefix = prefix
    address = play.jenkins.url + prefix
    environment = {VALUES[field][0]: str(value).lower() for field, value in values.items()}
    if has_file:
        # What a variable says as well goes before what the file says.
        text = {"url": address + slash, "username": "dev", "apiToken": "a-token-of-the-tests", "timeout": "17s"}
        file.write_text(json.dumps({"jenkins": text}), encoding="utf-8")
        file.chmod(0o600)
        environment["JENKINS_CONFIG"] = str(file)
    else:
        environment = play.jenkins.environment() | {"JENKINS_URL": address + slash} | environment
    if wrong:
        variable, _, value = VALUES[wrong]
        with pytest.raises(SettingsError) as caught:
            JenkinsSettings.from_environment(environment | {variable: value})
        assert (caught.value.variable, value in str(caught.value)) == (variable, True)
        return

    async def get_build() -> Answer:
        async with agent_of(**environment) as agent:
            return await agent.call("jenkins_get_build", job="app")

    (instance,) = JenkinsSettings.from_environment(environment).instances
    options = instance.client_options()
    assert {field: getattr(options, field) for field in values} == values
    assert options.server == address
    assert options.timeout == values.get("timeout", 17 if has_file else 30)
    play.jenkins.asked.clear()
    answer = play.portal.call(get_build)
    assert answer.data["page"] == f"{address}/job/app/1/"
    assert [request for request in play.jenkins.asked if not request.path.startswith(f"{prefix}/job/app/")] == []
