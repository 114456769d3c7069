"""What `docs/nodes.md` says is so: its variables are read, its commands exist, and its definition is valid."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest
from typer.main import get_command

from drone_mcp_config.installation.reading import read_installation
from drone_mcp_node_agent.cli import app as agent
from drone_mcp_node_agent.configuration.loading import variables
from drone_mcp_nodes.guard.rules import OPERATIONS
from drone_mcp_nodes.rules.image_labels import NUMBER, REVISION, SLUG, SOURCE
from drone_mcp_nodes_api.definitions.files import read_definition
from drone_mcp_nodes_api.definitions.model import Component
from drone_nodes.cli.main import app as people

pytestmark = pytest.mark.checkout

PAGE = (Path(__file__).parent.parent / "docs" / "nodes.md").read_text(encoding="utf-8")
APPS = {"drone-nodes": people, "drone-nodes-agent": agent}
CALL = re.compile(
    r"(?<!now )\b(drone-nodes(?:-agent)?) ((?:(?:service|secret|node|token) )?[a-z]+(?:-config)?)\b([^`\n]*)"
)


def find_command(program: str, words: str) -> Any:
    """Return the command that a program has for these words."""
    command: Any = get_command(APPS[program])
    for word in words.split():
        command = command.commands[word]
    return command


def test_the_variables_of_the_server_are_those_that_it_reads() -> None:
    listed = set(re.findall(r"^\| `(NODES_\w+)` \|", PAGE, re.MULTILINE))
    assert listed == {name for name in read_installation()["nodes"].environment if name.startswith("NODES_")}


def test_every_command_exists_and_has_the_options_that_are_named() -> None:
    calls = CALL.findall(PAGE)
    assert len(calls) > 20
    for program, words, rest in calls:
        options = {name for one in find_command(program, words).params for name in one.opts} | {"--help"}
        assert set(re.findall(r"--[a-z-]+", rest)) <= options, (program, words)


def test_the_definition_is_valid_and_its_keys_are_in_the_table(tmp_path: Path) -> None:
    (text,) = re.findall(r"```toml\n(.*?)```", PAGE, re.DOTALL)
    (tmp_path / "shop.toml").write_text(text, encoding="utf-8")
    found = read_definition(tmp_path / "shop.toml")
    keys = set(re.findall(r"^\| `([a-z_]+)` \|", PAGE, re.MULTILINE))
    assert [component.name for component in found.components] == ["db", "web"]
    assert keys <= Component.model_fields.keys()


def test_the_risks_are_those_of_the_guard() -> None:
    risks = {name: operation.risk.word for name, operation in OPERATIONS.items()}
    assert {name for name, risk in risks.items() if risk == "low"} == {"restart", "start"}
    assert {name for name, risk in risks.items() if risk == "high"} == {"stop"}
    assert "`restart` and `start` are of low risk, `stop` and a sync that stops a service of high risk" in PAGE


def test_the_labels_are_those_that_are_read() -> None:
    assert set(re.findall(r"^\| `((?:org|io)\.[\w.]+)`", PAGE, re.MULTILINE)) == {SOURCE, REVISION, SLUG, NUMBER}


def test_the_keys_of_the_daemons_configuration_exist() -> None:
    keys = {".".join(key) for key in variables().values()}
    named = set(re.findall(r"`((?:monitor|alerts)\.\w+)`", PAGE))
    assert named
    assert named <= keys
