"""The configuration: read with the place of each mistake, replaced by variables, changed with its comments kept."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from ci_mcp_kit.errors import Conflict, InvalidInput, NotFound
from drone_mcp_nodes_api.definitions.toml_source import InvalidFile
from drone_nodes.configuration.editing import add_node, remove_node
from drone_nodes.configuration.loading import find_path, load_configuration
from drone_nodes.configuration.model import add_port

if TYPE_CHECKING:
    from support.nodes_desk import Desk

TEXT = """\
# Mine.
services = "defs" # beside this file

[auth]
token_file = "secret/token"

[[nodes]] # in the cellar
name = "node-1"
address = "node-1.example.com" # the usual port
ca_file = "ca.pem"
"""


def write(folder: Path, text: str) -> Path:
    path = folder / "config.toml"
    path.write_text(text, encoding="utf-8")
    return path


def test_paths_are_those_beside_the_file_and_addresses_have_the_usual_port(tmp_path: Path) -> None:
    configuration = load_configuration(write(tmp_path, TEXT), {})
    assert configuration.services == tmp_path / "defs"
    assert configuration.token_file == tmp_path / "secret" / "token"
    endpoint = configuration.endpoints["node-1"]
    assert (endpoint.address, endpoint.ca_file) == ("node-1.example.com:7443", tmp_path / "ca.pem")


def test_variables_replace_what_the_file_says(tmp_path: Path) -> None:
    variables = {
        "MCP_SERVICES": "/srv/defs",
        "MCP_TOKEN_FILE": "/run/token",
        "MCP_NODES": "a=10.0.0.1:7000, b=[::1]",
        "MCP_CA_FILE": "/etc/ca.pem",
        "MCP_TOKEN": "t",
    }
    configuration = load_configuration(write(tmp_path, TEXT), variables)
    assert configuration.services == Path("/srv/defs")
    assert configuration.token_file == Path("/run/token")
    assert {name: one.address for name, one in configuration.endpoints.items()} == {
        "a": "10.0.0.1:7000",
        "b": "[::1]:7443",
    }
    assert configuration.endpoints["a"].ca_file == Path("/etc/ca.pem")
    assert configuration.read_token() == "t"


def test_the_file_is_found_by_the_option_then_the_variable_then_the_usual_place() -> None:
    variables = {"MCP_CONFIG": "/b.toml", "HOME": "/home/a"}
    assert find_path(Path("/a.toml"), variables) == Path("/a.toml")
    assert find_path(None, variables) == Path("/b.toml")
    assert find_path(None, {"HOME": "/home/a"}) == Path("/home/a/.config/drone-nodes/config.toml")
    assert find_path(None, {"HOME": "/home/a", "XDG_CONFIG_HOME": "/x"}) == Path("/x/drone-nodes/config.toml")


@pytest.mark.parametrize(
    ("old", "new", "line", "message"),
    [
        ("services =", "service =", 2, "service: unknown key 'service'. Did you mean 'services'?"),
        ("token_file", "token_fil", 5, "auth.token_fil: unknown key 'token_fil'. Did you mean 'token_file'?"),
        ('address = "node-1.example.com"', 'address = "a b"', 9, "nodes[0].address: 'a b' is no address"),
        ('name = "node-1"\n', "", 7, "nodes[0]: the key 'name' is missing"),
        ('ca_file = "ca.pem"', '[[nodes]]\nname = "node-1"\naddress = "x"', 1, "two nodes have the name 'node-1'"),
    ],
)
def test_a_mistake_is_told_with_file_and_line(tmp_path: Path, old: str, new: str, line: int, message: str) -> None:
    path = write(tmp_path, TEXT.replace(old, new))
    with pytest.raises(InvalidFile) as caught:
        load_configuration(path, {})
    assert f"{path}:{line}: {message}" in caught.value.message


@pytest.mark.parametrize(
    ("variable", "value", "message"),
    [
        ("MCP_NODES", "a", "MCP_NODES: '' is no address"),
        ("MCP_NODES", "a=b/c", "MCP_NODES: 'b/c' is no address"),
        ("MCP_TOKEN_URL", "ftp://x", "MCP_TOKEN_URL: "),
    ],
)
def test_a_mistake_in_a_variable_names_the_variable(tmp_path: Path, variable: str, value: str, message: str) -> None:
    with pytest.raises(InvalidInput, match=message):
        load_configuration(write(tmp_path, TEXT), {variable: value})


@pytest.mark.parametrize("address", ["", "a:", "a:0", "a:70000", "::1", "a b:1", "http://a", "a/b"])
def test_what_is_no_address_is_refused(address: str) -> None:
    with pytest.raises(ValueError, match="is no address"):
        add_port(address)


def test_nodes_are_added_and_removed_and_the_rest_of_the_file_stays(desk: Desk) -> None:
    desk.configuration.write_text(TEXT)
    added = desk.run("node", "add", "node-2", "10.0.0.2:7000", "--ca-file", "other.pem")
    assert added.code == 0, added.err
    text = desk.configuration.read_text()
    assert text.startswith(TEXT)
    assert [*load_configuration(desk.configuration, {}).endpoints] == ["node-1", "node-2"]
    assert desk.run("node", "remove", "node-2").code == 0
    assert desk.configuration.read_text().rstrip() == TEXT.rstrip()
    assert desk.run("node", "remove", "node-1").code == 0
    assert load_configuration(desk.configuration, {}).endpoints == {}
    assert "# Mine." in desk.configuration.read_text()


def test_the_first_node_makes_the_file(tmp_path: Path) -> None:
    path = tmp_path / "new" / "config.toml"
    add_node(path, {"name": "node-1", "address": "a", "ca_file": ""})
    assert [*load_configuration(path, {}).endpoints] == ["node-1"]


def test_a_node_that_cannot_be_is_refused_and_the_file_stays(tmp_path: Path) -> None:
    path = write(tmp_path, TEXT)
    with pytest.raises(Conflict, match="has a node 'node-1' already"):
        add_node(path, {"name": "node-1", "address": "a"})
    with pytest.raises(InvalidInput, match="address: 'a b' is no address"):
        add_node(path, {"name": "node-2", "address": "a b"})
    with pytest.raises(NotFound, match="has no node 'node-3'"):
        remove_node(path, "node-3")
    assert path.read_text() == TEXT
