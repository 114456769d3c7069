"""The daemon's configuration: the file, the variables, and the messages for mistakes."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from drone_mcp_node_agent.configuration.loading import ConfigurationError, load_configuration, variables

if TYPE_CHECKING:
    from pathlib import Path

SMALLEST = """
node = "web-1"

[tls]
certificate = "/etc/drone-nodes/agent.crt"
key = "/etc/drone-nodes/agent.key"
"""


def write(folder: Path, text: str) -> Path:
    path = folder / "agent.toml"
    path.write_text(text)
    return path


def mistakes(folder: Path, text: str, environment: dict[str, str] | None = None) -> str:
    with pytest.raises(ConfigurationError) as error:
        load_configuration(write(folder, text), environment or {})
    return str(error.value)


def test_a_node_and_its_certificate_are_enough(tmp_path: Path) -> None:
    configuration = load_configuration(write(tmp_path, SMALLEST), {})

    assert configuration.node == "web-1"
    assert configuration.listen == "0.0.0.0:7443"
    assert str(configuration.paths.registry) == "/var/lib/drone-nodes/registry.db"
    assert configuration.auth.introspection is None


def test_variables_replace_values_of_the_file_and_add_missing_ones(tmp_path: Path) -> None:
    environment = {
        "MCP_AGENT_NODE": "web-2",
        "MCP_AGENT_LISTEN": "[::]:7444",
        "MCP_AGENT_MONITOR_INTERVAL": "5",
        "MCP_AGENT_ALERTS_COMMAND": '["/usr/bin/logger", "-t", "nodes"]',
        "MCP_AGENT_TLS_CLIENT_CA": "/etc/ca.pem",
        "HOME": "/root",
    }
    configuration = load_configuration(write(tmp_path, SMALLEST), environment)

    assert (configuration.node, configuration.listen) == ("web-2", "[::]:7444")
    assert configuration.monitor.interval == 5
    assert configuration.alerts.command == ("/usr/bin/logger", "-t", "nodes")
    assert str(configuration.tls.client_ca) == "/etc/ca.pem"
    assert str(configuration.tls.key) == "/etc/drone-nodes/agent.key"


def test_variables_alone_can_configure_an_identity_server(tmp_path: Path) -> None:
    prefix = "MCP_AGENT_AUTH_INTROSPECTION_"
    environment = {
        f"{prefix}URL": "https://id.example/introspect",
        f"{prefix}CLIENT_ID": "node",
        f"{prefix}CLIENT_SECRET_FILE": "/etc/secret",
    }
    introspection = load_configuration(write(tmp_path, SMALLEST), environment).auth.introspection

    assert introspection is not None
    assert introspection.client_id == "node"
    assert environment.keys() <= variables().keys()


def test_each_missing_field_is_named_with_its_variable(tmp_path: Path) -> None:
    message = mistakes(tmp_path, "[tls]\nkey = '/k'\n")

    assert "node is missing. Set it there, or in MCP_AGENT_NODE." in message
    assert "tls.certificate is missing. Set it there, or in MCP_AGENT_TLS_CERTIFICATE." in message


@pytest.mark.parametrize(
    ("more", "message"),
    [
        ("[monitor]\nintervall = 3", "monitor.intervall is not a known key. Did you mean 'interval'?"),
        ("[alert]\ncommand = []", "alert is not a known key. Did you mean 'alerts'?"),
        ("[monitor]\ninterval = 0", "monitor.interval: Input should be greater than 0"),
        ("[log]\nlevel = 'loud'", "log.level: Input should be 'debug', 'info', 'warning' or 'error'"),
        ("[paths]\nstate = 'state'", "paths.state: must be an absolute path"),
        ("[auth.introspection]\nurl = 'id.example'", "auth.introspection.client_id is missing."),
        ("[monitor\n", "(at line 8, column 9)"),
    ],
)
def test_a_mistake_is_reported_in_words(tmp_path: Path, more: str, message: str) -> None:
    assert message in mistakes(tmp_path, f"{SMALLEST}\n{more}")


@pytest.mark.parametrize("listen", ["7443", "localhost:7443", "0.0.0.0:70000", "0.0.0.0:", "::"])
def test_the_address_needs_an_ip_address_and_a_port(tmp_path: Path, listen: str) -> None:
    assert "listen: must be an IP address and a port" in mistakes(tmp_path, SMALLEST, {"MCP_AGENT_LISTEN": listen})


def test_an_unknown_variable_is_refused_with_a_suggestion(tmp_path: Path) -> None:
    message = mistakes(tmp_path, SMALLEST, {"MCP_AGENT_LISTENS": "0.0.0.0:1"})

    assert message == "MCP_AGENT_LISTENS: no such setting. Did you mean MCP_AGENT_LISTEN?"


def test_a_list_that_is_cut_is_reported_with_an_example(tmp_path: Path) -> None:
    assert 'Write a list such as ["a", "b"].' in mistakes(tmp_path, SMALLEST, {"MCP_AGENT_ALERTS_COMMAND": "['a]"})


def test_a_missing_file_is_reported(tmp_path: Path) -> None:
    with pytest.raises(ConfigurationError, match=r"agent\.toml: No such file or directory\. Name the configuration"):
        load_configuration(tmp_path / "agent.toml", {})
