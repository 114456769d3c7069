"""The settings of the observation server, and the page about them."""

from __future__ import annotations

import re
import shlex
from pathlib import Path

import pytest

from ci_mcp_kit.variables import SettingsError
from drone_mcp_build.settings import Settings
from drone_mcp_observe.settings import ObserveSettings
from drone_mcp_observe.variables import VARIABLES

DRONE = {"DRONE_SERVER": "https://drone.example.com"}


@pytest.mark.checkout
def test_the_page_names_every_variable_of_this_server_and_its_examples_can_be_set() -> None:
    page = (Path(__file__).parents[3] / "docs" / "observe.md").read_text(encoding="utf-8")
    own = {variable.name for variable in VARIABLES} - {variable.name for variable in Settings.variables}
    named = set(re.findall(r"\b[A-Z]+_[A-Z_]+\b", page)) | {
        f"{prefix}_{end}"
        for prefix in ("PROMETHEUS", "ALERTMANAGER", "LOKI", "VICTORIALOGS", "JAEGER", "TEMPO")
        for end in ("TOKEN_FILE", "USERNAME")  # written as …_TOKEN_FILE there
    }
    assert own <= named
    block = re.search(r"```sh\n(.*?)```", page, re.DOTALL)
    assert block
    examples = dict(word.split("=", 1) for word in shlex.split(block[1]))
    settings = ObserveSettings.from_environment(DRONE | examples)
    assert (settings.error_query, settings.log_query) == tuple(examples.values())
    assert "{target}" in settings.error_query


def test_secrets_of_monitoring_services_are_known_and_not_shown() -> None:
    settings = ObserveSettings.from_environment(
        {**DRONE, "LOKI_SERVER": "https://loki.test", "LOKI_TOKEN": "t0ken-of-loki"}
    )
    assert "t0ken-of-loki" in settings.secrets()
    assert "t0ken-of-loki" not in repr(settings)


@pytest.mark.parametrize(
    ("environment", "told"),
    [
        ({}, ["No DRONE_TOKEN: Drone sees a guest, who may read public repositories only"]),
        ({"DRONE_TOKEN": "t0ken"}, []),
        (
            {"DRONE_SERVER": "http://drone.test", "DRONE_TOKEN": "t0ken"},
            ["DRONE_SERVER is plain http to another machine: the token can be read on the way"],
        ),
        (
            {"DRONE_TOKEN": "t0ken", "JAEGER_SERVER": "https://jaeger.test", "TEMPO_SERVER": "https://tempo.test"},
            ["JAEGER_SERVER and TEMPO_SERVER are both set: only JAEGER_SERVER is asked"],
        ),
    ],
)
def test_settings_that_are_probably_a_mistake_are_warned_of(environment: dict[str, str], told: list[str]) -> None:
    assert ObserveSettings.from_environment(DRONE | environment).warnings() == told


def test_a_query_that_is_too_long_or_has_lines_is_refused() -> None:
    for query in ("x" * 1_001, "up\nup"):
        with pytest.raises(SettingsError, match="DRONE_MCP_ERROR_QUERY"):
            ObserveSettings.from_environment({**DRONE, "DRONE_MCP_ERROR_QUERY": query})
