"""Reads `surface.json` of a server: its answers to the handshake and the lists. Standard library only."""

from __future__ import annotations

import json
import os
import sys

from ci_mcp_kit.misconfiguration_notice import notice
from ci_mcp_kit.variables import offered_tools, refuse_unknown_tools

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable
    from typing import Any

    from ci_mcp_kit.variables import SettingsError

FILE = "surface.json"
_NEEDY = (
    ("prompts/list", "prompts", "name"),
    ("resources/list", "resources", "uri"),
    ("resources/templates/list", "resourceTemplates", "uriTemplate"),
)
"""Lists whose items depend on tools: method, name of the list, and the key that identifies an item."""


class Surface:
    """The answers of a server to the handshake and the lists.

    Attributes:
        command: the console command of the server.
        legacy: method -> result, in the legacy protocol versions; the version itself is left out.
        modern: method -> result, in `modern_version`.
        versions: the legacy protocol versions.
        latest: the answer to a client that asks for a version which is not among them.
        modern_version: the modern protocol version.
    """

    def __init__(self, data: dict[str, Any]) -> None:
        self._server: str = data["server"]
        self.command: str = data["command"]
        self.legacy: dict[str, Any] = data["legacy"]
        self.modern: dict[str, Any] = data["modern"]
        self.versions: list[str] = data["versions"]
        self.latest: str = data["latest"]
        self.modern_version: str = data["modern_version"]
        self._needs: dict[str, list[str]] = data["needs"]

    def tool_names(self) -> list[str]:
        """Return the names of the tools, in the server's order."""
        return [tool["name"] for tool in self.legacy["tools/list"]["tools"]]

    def narrow(self, allowed: Iterable[str] | None) -> None:
        """Keep only the allowed tools, and the prompts and resources that need no other; None allows all.

        Raises:
            SettingsError: the server lacks an allowed tool. It is narrowed all the same, to `offered_tools`.
        """
        known = self.tool_names()
        kept = set(offered_tools(known, allowed))
        for results in (self.legacy, self.modern):
            tools = results["tools/list"]
            tools["tools"] = [tool for tool in tools["tools"] if tool["name"] in kept]
            for method, items, key in _NEEDY:
                listed = results[method]
                listed[items] = [item for item in listed[items] if kept.issuperset(self._needs[item[key]])]
        refuse_unknown_tools(self._server, known, allowed)

    def explain(self, fault: SettingsError) -> None:
        """Put the reason why the server cannot work into its instructions."""
        for result in (self.legacy["initialize"], self.modern["server/discover"]):
            result["instructions"] = notice(fault, result["instructions"])


def load(package: str, path: Iterable[str] | None = None) -> Surface | None:
    """Read the file of a package; return None if there is none, or one of other versions.

    It is certainly right only with the versions of the SDK and of this distribution that it was made with.

    Args:
        package: the import package of the server.
        path: the folders to search for packages; default: `sys.path`.
    """
    places = list(sys.path if path is None else path)
    name = os.path.join(*package.split("."), FILE)  # noqa: PTH118 - pathlib would take a tenth of the start
    for place in places:
        try:
            with open(os.path.join(place, name), encoding="utf-8") as file:  # noqa: PTH118, PTH123 - likewise
                data = json.load(file)
        except OSError:
            continue
        except ValueError:
            # A broken file: the server answers by itself.
            return None
        return Surface(data) if installed_versions(data["made_with"], places) == data["made_with"] else None
    return None


def installed_versions(distributions: Iterable[str], places: Iterable[str]) -> dict[str, str]:
    """Return the version of each distribution, by the names of the `.dist-info` folders.

    They are specified in https://packaging.python.org/en/latest/specifications/recording-installed-packages/. Importing
    `importlib.metadata` would take longer than all the rest of this start.
    """
    found: dict[str, str] = {}
    for place in places:
        try:
            names = os.listdir(place or ".")  # noqa: PTH208 - pathlib would take a tenth of the start
        except OSError:
            continue
        for name in names:
            project, _, version = name.removesuffix(".dist-info").partition("-")
            if name.endswith(".dist-info") and project in distributions:
                # The first one on the path is the one that is imported.
                found.setdefault(project, version)
    return found
