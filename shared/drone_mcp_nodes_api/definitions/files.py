"""Service definitions in TOML files: read, found in a folder, and written so that a person's comments stay.

The files of a folder have any names that end in `.toml`; a new file is called as its service.
"""

from __future__ import annotations

import os
import tempfile
import tomllib
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from drone_mcp_nodes_api.definitions.model import Service
from drone_mcp_nodes_api.definitions.problems import find_problems, name_place
from drone_mcp_nodes_api.definitions.toml_source import LARGEST, InvalidFile, Mistake, read_source
from drone_mcp_nodes_api.definitions.toml_text import change_text, write_text

if TYPE_CHECKING:
    from collections.abc import Iterable


@dataclass(frozen=True)
class DefinitionFile:
    """A definition and the file that it is in."""

    path: Path
    service: Service


def read_definition(path: Path) -> Service:
    """Read the definition in a file.

    Raises:
        InvalidFile: it breaks a rule, with file and line of each mistake.
    """
    source = read_source(path)
    found = find_problems(source.data)
    if isinstance(found, Service):
        return found
    raise InvalidFile(source.mistake(place, f"{name_place(place)}: {text}" if place else text) for place, text in found)


def load_folder(folder: Path) -> list[DefinitionFile]:
    """Read all definitions in a folder, in the order of their files.

    Raises:
        InvalidFile: a file breaks a rule, or two files define the same service or container.
    """
    found: list[DefinitionFile] = []
    mistakes: list[Mistake] = []
    for path in _list_files(folder):
        try:
            found.append(DefinitionFile(path, read_definition(path)))
        except InvalidFile as error:
            mistakes.extend(error.mistakes)
    if mistakes := [*mistakes, *_find_collisions(found)]:
        raise InvalidFile(mistakes)
    return found


def find_definition(folder: Path, name: str) -> DefinitionFile | None:
    """Return the definition of one service, whatever mistakes the other files have; None if there is none.

    Raises:
        InvalidFile: its file breaks a rule, or two files define it.
    """
    paths = [path for path in _list_files(folder) if _peek_name(path) == name]
    if len(paths) > 1:
        raise InvalidFile([Mistake(paths[1], 1, f"service {name!r} is also defined in {paths[0]}")])
    return DefinitionFile(paths[0], read_definition(paths[0])) if paths else None


def list_names(folder: Path) -> list[str]:
    """Return the names of the services in a folder, also of those whose files have mistakes."""
    return [_peek_name(path) for path in _list_files(folder)]


def write_definition(path: Path, service: Service) -> None:
    """Write a definition into a file, in whole or not at all; what does not change in it stays as it is, with comments.

    Raises:
        InvalidFile: the file that is there breaks a rule, or cannot be changed.
    """
    try:
        if path.exists():
            text = change_text(read_source(path).text, read_definition(path), service)
        else:
            text = write_text(service)
    except ValueError as error:
        raise InvalidFile([Mistake(path, 1, str(error))]) from error
    replace_file(path, text)


def replace_file(path: Path, text: str, mode: int = 0o644) -> None:
    """Replace the text of a file in one step; a new file gets the mode.

    Raises:
        InvalidFile: it cannot be written.
    """
    target = path.resolve()  # a symbolic link stays one
    try:
        mode = target.stat().st_mode & 0o777 if target.exists() else mode
        with tempfile.NamedTemporaryFile("w", encoding="utf-8", newline="", dir=target.parent, delete=False) as file:
            written = Path(file.name)
            try:
                os.fchmod(file.fileno(), mode)
                file.write(text)
                file.flush()
                os.fsync(file.fileno())
                written.replace(target)
            except BaseException:
                written.unlink(missing_ok=True)
                raise
    except OSError as error:
        raise InvalidFile([Mistake(path, 1, f"the file cannot be written: {error.strerror}")]) from error


def _list_files(folder: Path) -> list[Path]:
    return sorted(path for path in folder.glob("*.toml") if path.is_file())


def _peek_name(path: Path) -> str:
    """Return the service that a file is about, also where it has mistakes: the file's own name, if need be."""
    with suppress(OSError, UnicodeDecodeError, tomllib.TOMLDecodeError, RecursionError):
        if path.stat().st_size <= LARGEST:
            return str(tomllib.loads(path.read_bytes().decode("utf-8-sig")).get("name", path.stem))
    return path.stem


def _find_collisions(files: Iterable[DefinitionFile]) -> list[Mistake]:
    services: dict[str, Path] = {}
    containers: dict[tuple[str, str], DefinitionFile] = {}
    mistakes = []
    for file in files:
        service = file.service
        other = services.setdefault(service.name, file.path)
        if other != file.path:
            mistakes.append(Mistake(file.path, 1, f"service {service.name!r} is also defined in {other}"))
            continue
        for component in service.components:
            name = service.container(component.name)
            taken = containers.setdefault((service.node, name), file)
            if taken is not file:
                text = f"container {name!r} of node {service.node!r} also belongs to service {taken.service.name!r}"
                mistakes.append(Mistake(file.path, 1, text))
    return mistakes
