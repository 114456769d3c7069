"""The help of every command can be read on a terminal of 80 columns."""

from __future__ import annotations

import importlib
import re
from typing import TYPE_CHECKING, Any

import pytest
import typer.main
from typer.testing import CliRunner

if TYPE_CHECKING:
    from collections.abc import Iterator

APPLICATIONS = {
    "drone-mcp": "drone_mcp_cli.app",
    "drone-mcp-coder-simulator": "coder_simulator.cli",
    "drone-mcp-config": "drone_mcp_config.cli.main",
    "drone-mcp-jenkins-simulator": "jenkins_mcp_simulator.cli",
    "drone-mcp-policy": "drone_mcp_policy.cli",
    "drone-mcp-simulator": "drone_mcp_simulator.cli",
    "drone-mcp-webhooks": "drone_mcp_webhooks.cli",
    "drone-nodes": "drone_nodes.cli.main",
    "drone-nodes-agent": "drone_mcp_node_agent.cli",
}


def commands(command: Any, words: tuple[str, ...] = ()) -> Iterator[tuple[tuple[str, ...], Any]]:
    yield words, command
    for name, inner in getattr(command, "commands", {}).items():
        yield from commands(inner, (*words, name))


EVERY = [
    pytest.param(module, words, id=" ".join([name, *words]))
    for name, module in APPLICATIONS.items()
    for words, _ in commands(typer.main.get_command(importlib.import_module(module).app))
]


@pytest.mark.parametrize(("module", "words"), EVERY)
def test_no_word_of_the_help_is_cut_and_flags_take_no_value(
    monkeypatch: pytest.MonkeyPatch, module: str, words: tuple[str, ...]
) -> None:
    monkeypatch.setenv("COLUMNS", "80")
    monkeypatch.setenv("NO_COLOR", "1")
    app = importlib.import_module(module).app
    command = dict(commands(typer.main.get_command(app)))[words]
    out = CliRunner().invoke(app, [*words, "--help"]).output
    assert max(map(len, out.splitlines())) <= 80
    assert "…" not in out
    assert "bool" not in out
    shown = set(re.sub(r"[│╭╮╰╯─]", " ", out).split())
    texts = [param.help or "" for param in command.params if not getattr(param, "hidden", False)]
    options = [option for param in command.params for option in param.opts if option.startswith("-")]
    assert {word for text in texts for word in text.replace("`", "").split()} - shown == set()
    assert {*options, "-h", "--help"} - shown == set()
