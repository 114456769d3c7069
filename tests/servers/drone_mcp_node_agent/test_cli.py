"""The commands of the daemon's administrator."""

from __future__ import annotations

import subprocess
import sys
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

import pytest

from drone_mcp_node_agent.auth.callers import Role
from drone_mcp_node_agent.auth.token_file import digest, read_tokens
from drone_mcp_node_agent.cli import parse_expiry
from support.node_daemon import NodeFolder, make_node
from support.patience import PATIENCE
from support.warm import warm_python

if TYPE_CHECKING:
    from pathlib import Path

NOW = datetime(2026, 11, 29, 12, 0, 0, 5, tzinfo=UTC)


@pytest.fixture
def node(tmp_path: Path) -> NodeFolder:
    made = make_node(tmp_path / "node")
    made.state.mkdir()
    return made


def agent(node: NodeFolder, *words: str) -> subprocess.CompletedProcess[str]:
    command = [*warm_python(), "-m", "drone_mcp_node_agent", *words, "--config", str(node.configuration)]
    return subprocess.run(command, capture_output=True, text=True, timeout=PATIENCE, check=False)


def test_a_token_is_added_listed_and_removed(node: NodeFolder) -> None:
    added = agent(node, "token", "add", "carol", "--role", "admin", "--expires", "90d")
    listed = agent(node, "token", "list")
    again = agent(node, "token", "add", "carol", "--role", "reader")
    removed = agent(node, "token", "remove", "carol")

    entry = next(line.split("\t") for line in listed.stdout.splitlines() if line.startswith("carol"))
    end = datetime.now(UTC) + timedelta(days=90)
    assert entry[:2] == ["carol", "admin"]
    assert abs(datetime.fromisoformat(entry[2]) - end) < timedelta(minutes=5)
    assert (again.returncode, removed.returncode) == (1, 0)
    assert "there is a token carol already. Remove it first, or choose another name." in again.stderr
    assert added.stdout.startswith("nodes_")
    assert digest(added.stdout.strip()) not in (node.path / "tokens.toml").read_text()


def test_the_printed_token_is_the_one_that_is_kept(node: NodeFolder) -> None:
    added = agent(node, "token", "add", "carol", "--role", "reader")
    entry = read_tokens(node.path / "tokens.toml")[-1]
    assert (entry.caller.name, entry.caller.roles, entry.caller.expires) == ("carol", frozenset({Role.READER}), None)
    assert entry.sha256 == digest(added.stdout.strip())


@pytest.mark.parametrize(
    ("text", "end"),
    [
        ("", None),
        ("12h", datetime(2026, 11, 30, tzinfo=UTC)),
        ("90d", datetime(2027, 2, 27, 12, tzinfo=UTC)),
        ("2027-01-31", datetime(2027, 1, 31, tzinfo=UTC)),
        ("2027-01-31T10:00:00+02:00", datetime(2027, 1, 31, 8, tzinfo=UTC)),
    ],
)
def test_an_end_is_a_span_or_a_time(text: str, end: datetime | None) -> None:
    assert parse_expiry(text, NOW) == end


@pytest.mark.parametrize("text", ["soon", "0d", "2026-01-01", "5w", "99999999d"])
def test_an_invalid_end_or_one_that_has_passed_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match=r"is not a valid time|has passed"):
        parse_expiry(text, NOW)


def test_a_configuration_that_fits_the_machine_is_valid(node: NodeFolder) -> None:
    checked = agent(node, "check-config")
    assert (checked.returncode, checked.stderr) == (0, "")
    assert checked.stdout == f"{node.configuration}: node web-1, listening on 127.0.0.1:0: the configuration is valid\n"


def test_everything_that_does_not_fit_the_machine_is_reported_at_once(node: NodeFolder) -> None:
    (node.path / "agent.key").chmod(0o644)
    (node.path / "agent.crt").write_text("no certificate")
    (node.path / "tokens.toml").unlink()
    node.files.rmdir()
    (node.path / "clients.pem").write_text("no certificates")
    node.configure({"tls": {"client_ca": str(node.path / "clients.pem")}})
    node.configure({"podman": {"program": "no-podman"}, "alerts": {"command": ["no-alert"], "user": "no-user"}})
    checked = agent(node, "check-config")

    assert checked.returncode == 1
    message = [line.removeprefix(f"{node.configuration}: ").partition(": ") for line in checked.stderr.splitlines()]
    assert [(key, text) for key, _, text in message] == [
        ("tls.key", f"others can read {node.path}/agent.key. Run: chmod 600 {node.path}/agent.key"),
        ("tls.certificate", f"{node.path}/agent.crt and tls.key are not a certificate and its key in PEM format."),
        ("tls.client_ca", f"{node.path}/clients.pem is not a file of certificates in PEM format."),
        (
            "auth.tokens",
            (
                f"{node.path}/tokens.toml: No such file or directory. "
                "Add a token with `drone-nodes-agent token add NAME --role reader`."
            ),
        ),
        ("alerts.command", "no-alert is not an executable program."),
        ("alerts.user", "there is no user no-user."),
        ("paths.files", f"{node.files} is not a folder. Create it."),
        ("podman.program", "there is no no-podman here. Install it, or write its path."),
    ]


def test_a_mistake_in_the_file_is_reported_before_anything_else(node: NodeFolder) -> None:
    node.configure({"monitor": {"intervall": 5}})
    for words in (["run"], ["check-config"], ["snapshot"], ["token", "list"]):
        ended = agent(node, *words)
        assert (ended.returncode, ended.stdout) == (1, "")
        assert ended.stderr == (
            f"{node.configuration}: monitor.intervall is not a known key. Did you mean 'interval'?\n"
        )


def test_a_missing_extra_is_named(node: NodeFolder) -> None:
    code = "import sys; sys.modules['grpc'] = None; from drone_mcp_node_agent.cli import main; main()"
    command = [sys.executable, "-c", code, "run", "--config", str(node.configuration)]
    ended = subprocess.run(command, capture_output=True, text=True, timeout=PATIENCE, check=False)
    assert (ended.returncode, ended.stderr) == (
        1,
        "The package grpc is missing. Install the daemon with: pip install 'drone-mcp[nodes]'\n",
    )


def test_a_snapshot_without_a_registry_makes_neither(node: NodeFolder) -> None:
    taken = agent(node, "snapshot")
    assert taken.returncode == 1
    assert "no snapshot was made" in taken.stderr
    assert [path.name for path in node.state.rglob("*") if path.is_file()] == []
