"""Reads the configuration: the file, and the variables that replace parts of it."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

from pydantic import ValidationError

from ci_mcp_kit.errors import InvalidInput
from drone_mcp_nodes_api.definitions.problems import describe_errors, name_place
from drone_mcp_nodes_api.definitions.toml_source import InvalidFile, TomlSource, read_source
from drone_nodes.configuration.model import Auth, Configuration, Contents, NodeEntry

if TYPE_CHECKING:
    from collections.abc import Mapping

    from pydantic import BaseModel

    from drone_mcp_nodes_api.definitions.problems import KeyPath

NESTED: Mapping[str, type[BaseModel]] = {"auth": Auth, "nodes": NodeEntry}
VARIABLES: Mapping[str, KeyPath] = {  # variable -> what it replaces
    "MCP_SERVICES": ("services",),
    "MCP_TOKEN_FILE": ("auth", "token_file"),
    "MCP_TOKEN_URL": ("auth", "token_url"),
    "MCP_CLIENT_ID": ("auth", "client_id"),
    "MCP_CLIENT_SECRET_FILE": ("auth", "client_secret_file"),
    "MCP_SCOPE": ("auth", "scope"),
}


def find_path(option: Path | None, environment: Mapping[str, str]) -> Path:
    """Return the path of the configuration: of the option, MCP_CONFIG, or the usual place."""
    if option or environment.get("MCP_CONFIG"):
        return option or Path(environment["MCP_CONFIG"])
    home = environment.get("XDG_CONFIG_HOME") or Path(environment.get("HOME", "/")) / ".config"
    return Path(home) / "drone-nodes" / "config.toml"


def load_configuration(path: Path, environment: Mapping[str, str]) -> Configuration:
    """Read the configuration; a file that is not there is an empty one.

    Raises:
        InvalidFile: the file breaks a rule, with the line of each mistake.
        InvalidInput: a variable breaks a rule.
    """
    source = read_source(path) if path.exists() else TomlSource(path, "", {})
    data = source.data
    replaced: dict[KeyPath, str] = {}
    for variable, place in VARIABLES.items():
        if value := environment.get(variable):
            _replace(data, place, value)
            replaced[place] = variable
    if nodes := environment.get("MCP_NODES"):  # NAME=ADDRESS,NAME=ADDRESS
        ca_file = environment.get("MCP_CA_FILE", "")
        pairs = (node.strip().partition("=") for node in nodes.split(","))
        data["nodes"] = [{"name": name, "address": address, "ca_file": ca_file} for name, _, address in pairs]
        replaced["nodes",] = "MCP_NODES"
    try:
        return Configuration(path, Contents.model_validate(data), environment.get("MCP_TOKEN", ""))
    except ValidationError as error:
        found = describe_errors(error, Contents, NESTED)
    for place, text in found:
        if wrong := replaced.get(place[:1]) or replaced.get(place):
            raise InvalidInput(f"{wrong}: {text}", next_step=f"Correct {wrong}")
    raise InvalidFile(source.mistake(place, f"{name_place(place)}: {text}" if place else text) for place, text in found)


def _replace(data: dict[str, Any], place: KeyPath, value: str) -> None:
    *parents, last = place
    for part in parents:
        inner = data.setdefault(str(part), {})
        if not isinstance(inner, dict):
            return  # the file breaks a rule there, and is refused for it
        data = inner
    data[str(last)] = value
