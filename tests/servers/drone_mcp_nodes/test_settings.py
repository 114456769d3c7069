"""The settings of the nodes server: each node has a name and an address, and nothing secret is shown."""

from __future__ import annotations

import pytest

from ci_mcp_kit.variables import SettingsError
from drone_mcp_nodes.settings import NodesSettings

ONE = {"NODES_ADDRESSES": "web-1=https://web-1.example.com:7000"}


def test_each_node_has_a_name_and_a_port() -> None:
    text = "web-1=https://10.0.0.1:7000, https://db.example.com  v6=https://[fd00::1]:7001"
    settings = NodesSettings.from_environment({"NODES_ADDRESSES": text})
    assert settings.nodes == {"web-1": "10.0.0.1:7000", "db.example.com": "db.example.com:7443", "v6": "[fd00::1]:7001"}


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("", "is not set"),
        ("http://web-1.example.com", "TLS only"),
        ("web-1.example.com:7443", "did you mean https://web-1.example.com:7443"),
        ("https://alice@web-1.example.com", "NODES_TOKEN says who asks"),
        ("https://web-1.example.com:seven", "host or port cannot be right"),
        ("https://web-1.example.com/mcp", "it takes"),
        ("a/b=https://web-1.example.com", "cannot be the name of a node"),
        ("a=https://one.example.com a=https://two.example.com", "a is there twice"),
        (" ".join(f"n{number}=https://n{number}.example.com" for number in range(101)), "up to 100 nodes"),
    ],
)
def test_an_address_that_cannot_be_right_is_refused_with_the_reason(text: str, said: str) -> None:
    with pytest.raises(SettingsError, match="NODES_ADDRESSES") as caught:
        NodesSettings.from_environment({"NODES_ADDRESSES": text})
    assert said in str(caught.value)


@pytest.mark.parametrize(
    ("environment", "variable"),
    [
        ({"NODES_TOKEN": "one", "NODES_TOKEN_FILE": "/dev/null"}, "NODES_TOKEN"),
        ({"NODES_DEFINITIONS": "/no/such/folder"}, "NODES_DEFINITIONS"),
        ({"NODES_SERVICES": "shop"}, "NODES_SERVICES"),
        ({"NODES_ACTIONS": "on", "NODES_ACTION_SERVICES": "web-1/*"}, "NODES_WRITE_TOKEN"),
        ({"NODES_ACTIONS": "on", "NODES_WRITE_TOKEN": "two"}, "NODES_ACTION_SERVICES"),
    ],
)
def test_a_wrong_variable_is_named(environment: dict[str, str], variable: str) -> None:
    with pytest.raises(SettingsError, match=variable):
        NodesSettings.from_environment(ONE | environment)


def test_no_token_is_in_the_representation_and_each_is_redacted() -> None:
    tokens = {"NODES_TOKEN": "the-one-that-reads", "NODES_WRITE_TOKEN": "the-one-that-writes"}
    on = {"NODES_ACTIONS": "on", "NODES_ACTION_SERVICES": "web-1/*", "DRONE_MCP_AUDIT_LOG": "stderr"}
    settings = NodesSettings.from_environment({**ONE, **tokens, **on})
    assert {*tokens.values()} <= {*settings.secrets()}
    assert not any(token in repr(settings) for token in tokens.values())
