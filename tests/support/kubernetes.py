"""Kubernetes objects held to its schemas, and containers run as it would run them, on this machine."""

from __future__ import annotations

import os
import re
import sysconfig
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import kubernetes_validate  # type: ignore[import-untyped]  # it has no types

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from pathlib import Path

Data = dict[str, Any]

RELEASES = ("1.30", "1.34", "1.37")  # of Kubernetes; the schemas come with the library
SCRIPTS = sysconfig.get_path("scripts")  # where our commands are installed
_REFERENCE = re.compile(r"\$\$|\$\(([A-Za-z_][A-Za-z0-9_.-]*)\)")


def hold_to_schema(data: Data) -> None:
    """Hold an object to what each release accepts, with no field that it does not know."""
    for release in RELEASES:
        kubernetes_validate.validate(data, release, strict=True)


def expanded(text: str, variables: Mapping[str, str]) -> str:
    """Put values in for `$(NAME)` as the kubelet does; `$$` is a dollar, and what is not known stays."""
    return _REFERENCE.sub(
        lambda match: "$" if match[1] is None else variables.get(match[1], match[0]),
        text,
    )


@dataclass
class Objects:
    """The ConfigMaps and Secrets of a namespace: name -> key -> value."""

    config_maps: dict[str, dict[str, str]] = field(default_factory=dict)
    secrets: dict[str, dict[str, str]] = field(default_factory=dict)

    def value(self, source: Data) -> str | None:
        """Look a reference up; None where it is optional and there is none."""
        for kind, objects in (("configMapKeyRef", self.config_maps), ("secretKeyRef", self.secrets)):
            if kind in source:
                reference = source[kind]
                found = objects[reference["name"]].get(reference["key"])
                assert found is not None or reference.get("optional"), reference
                return found
        assert source == {"fieldRef": {"fieldPath": "metadata.name"}}
        return "the-name-of-the-pod"


@dataclass
class Machine:
    """A folder that stands in for the file systems of a pod's containers."""

    root: Path
    objects: Objects
    own: dict[str, str] = field(default_factory=dict)

    def mount(self, spec: Data) -> None:
        """Make the pod's volumes."""
        for volume in spec["volumes"]:
            folder = self._volume(volume["name"])
            for name, text in self._files(volume):
                (folder / name).write_text(text, encoding="utf-8")

    def _volume(self, name: str) -> Path:
        folder = self.root / name
        folder.mkdir(parents=True, exist_ok=True)
        return folder

    def _files(self, volume: Data) -> Iterator[tuple[str, str]]:
        if "secret" in volume:
            held = self.objects.secrets[volume["secret"]["secretName"]]
            keys = volume["secret"].get("items") or [{"key": key, "path": key} for key in held]
        elif "configMap" in volume:
            held = self.objects.config_maps[volume["configMap"]["name"]]
            keys = volume["configMap"].get("items") or [{"key": key, "path": key} for key in held]
        else:
            assert "emptyDir" in volume
            return
        yield from ((item["path"], held[item["key"]]) for item in keys)

    def variables(self, container: Data) -> dict[str, str]:
        """Return a container's environment: what the image brings, and what the manifest says."""
        found: dict[str, str] = {}
        for variable in container.get("env", ()):
            if "value" in variable:
                found[variable["name"]] = expanded(self._place(container, variable["value"]), found)
            else:
                value = self.objects.value(variable["valueFrom"])
                found.update({variable["name"]: value} if value is not None else {})
        image = {"PATH": f"{SCRIPTS}{os.pathsep}{os.environ['PATH']}", "HOME": str(self._volume("home"))}
        return {**image, **found, **self.own}

    def command(self, container: Data) -> list[str]:
        """Return what a container runs."""
        variables = self.variables(container)
        words = [*container["command"], *container.get("args", ())]
        return [expanded(self._place(container, word), variables) for word in words]

    def folder(self, container: Data) -> str:
        """Return where it runs."""
        return self._place(container, container.get("workingDir", "/tmp"))  # noqa: S108 - in the container

    def _place(self, container: Data, text: str) -> str:
        """Say where a path in the container is on this machine."""
        folders = {mount["mountPath"]: self._volume(mount["name"]) for mount in container.get("volumeMounts", ())}
        if not folders:
            return text
        paths = "|".join(re.escape(path) for path in sorted(folders, key=len, reverse=True))
        return re.sub(rf"(?<![\w.-])({paths})(?=/|$|;|\s)", lambda match: str(folders[match[1]]), text)
