"""What a server shows before it is called: `surface.json` in its package, read and narrowed. Standard library only."""

from __future__ import annotations

import json
import os
import sys

from ci_mcp_kit.unready import notice
from ci_mcp_kit.variables import offered_tools, refuse_unknown_tools

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable
    from typing import Any

    from ci_mcp_kit.variables import SettingsError

FILE = "surface.json"


class Surface:
    """The answers that a server gives whoever asks.

    Attributes:
        command: the console command of the server.
        legacy: method -> result, in the protocol versions that begin with `initialize`; the version itself is left out.
        modern: method -> result, in `modern_version`.
        versions: those that begin with `initialize`.
        latest: what is answered to a client that asks for a version which is not among them.
        modern_version: the version in which every request says its own.
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
        """Leave only the tools that the role offers, and the prompts that need no other; None: all.

        Raises:
            SettingsError: one of them is not there. What is left then is what `offered_tools` says.
        """
        known = self.tool_names()
        kept = set(offered_tools(known, allowed))
        for results in (self.legacy, self.modern):
            tools, prompts = results["tools/list"], results["prompts/list"]
            tools["tools"] = [tool for tool in tools["tools"] if tool["name"] in kept]
            prompts["prompts"] = [item for item in prompts["prompts"] if kept.issuperset(self._needs[item["name"]])]
        refuse_unknown_tools(self._server, known, allowed)

    def tell(self, fault: SettingsError) -> None:
        """Say in the instructions that the server cannot work, and why."""
        for result in (self.legacy["initialize"], self.modern["server/discover"]):
            result["instructions"] = notice(fault, result["instructions"])


def load(package: str, path: Iterable[str] | None = None) -> Surface | None:
    """Read the file of a package; None where there is none that is certainly right.

    That is one that was made with the installed versions of the SDK and of this distribution.

    Args:
        package: the import package of the server.
        path: where to look for packages; default: where Python does.
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
            return None
        return Surface(data) if _installed(data["made_with"], places) == data["made_with"] else None
    return None


def _installed(distributions: Iterable[str], places: Iterable[str]) -> dict[str, str]:
    """Return the version of each distribution, by the names of the folders that tell of it.

    `importlib.metadata` says the same (PyPA's "Recording installed projects"), but loading it takes longer than the
    whole of this start.
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
                found.setdefault(project, version)
    return found
