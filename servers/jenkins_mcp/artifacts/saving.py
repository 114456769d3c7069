"""Saves an artifact to a file in the folder that is configured for it, piece by piece.

Every artifact has one file directly in the folder, whose name is made of harmless characters: no path of an artifact
can lead out of it, and no link that somebody put there is followed. The file appears once it is whole.
"""

from __future__ import annotations

import os
import re
import tempfile
from dataclasses import dataclass
from functools import partial
from hashlib import sha256
from pathlib import Path
from typing import TYPE_CHECKING, Final, Self

from anyio import to_thread

from ci_mcp_http.transport import Download
from ci_mcp_kit.errors import AnswerTooLarge, InvalidInput
from jenkins_mcp.artifacts.views import ArtifactView
from jenkins_mcp.client.artifacts import download
from jenkins_mcp.client.service_descriptor import JENKINS
from jenkins_mcp.variables import ARTIFACTS_DIR, MAX_ARTIFACT

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from jenkins_mcp.client.client import JenkinsClient
    from jenkins_mcp.client.names import JobName

LONGEST: Final = 600.0  # seconds of one download
AT_ONCE: Final = 2**20  # bytes that are hashed and written in one go
IDENTITY: Final = 12  # digits by which files of artifacts with like names differ
LONGEST_NAME: Final = 100  # characters of either name in that of a file; file systems take 255 bytes for the whole
_UNSAFE: Final = re.compile(r"[^A-Za-z0-9._-]")


@dataclass(frozen=True)
class SavedFile:
    """A file that was written."""

    size: int
    sha256: str


async def save_artifact(
    client: JenkinsClient, folder: Path | None, limit: int, jenkins: str, job: JobName, build: int, path: str
) -> ArtifactView:
    """Save an artifact; an earlier copy of the same one is replaced.

    Args:
        client: of the Jenkins.
        folder: to save in, None if none is configured.
        limit: bytes of the largest artifact.
        jenkins: the name of the Jenkins where several are configured.
        job: whose artifact it is.
        build: its number.
        path: of the artifact, as Jenkins lists it.

    Raises:
        InvalidInput: nothing can be saved, by the settings or in the file system.
        AnswerTooLarge: the artifact is larger than the limit.
    """
    if folder is None:
        raise InvalidInput(
            f"Artifacts are not saved here: {ARTIFACTS_DIR} is not set",
            next_step=f"Read it in parts, or ask a person to set {ARTIFACTS_DIR} to a folder",
            service=JENKINS,
        )
    target = folder / name_file(jenkins, job, build, path)
    call = download(job, build, path)

    async def receive(pieces: AsyncIterator[bytes]) -> SavedFile:
        with PartialFile(target) as file:
            async for piece in pieces:
                if file.add(piece) >= AT_ONCE:
                    await to_thread.run_sync(file.flush)
            return await to_thread.run_sync(file.complete)

    try:
        await to_thread.run_sync(partial(folder.mkdir, mode=0o700, parents=True, exist_ok=True))
        saved = await client.download(call, Download(receive, limit, LONGEST))
    except OSError as error:
        raise InvalidInput(
            f"The artifact cannot be saved in {folder}: {error.strerror}",
            next_step=f"Make room there, or set {ARTIFACTS_DIR} to a folder that can be written",
            service=JENKINS,
        ) from None
    except AnswerTooLarge as error:
        error.next_step = f"Read it in parts, or ask a person to raise {MAX_ARTIFACT}"
        raise
    return ArtifactView(job=str(job), number=build, path=path, size=saved.size, saved=str(target), sha256=saved.sha256)


def name_file(jenkins: str, job: JobName, build: int, path: str) -> str:
    """Return the name of the file of an artifact: readable, harmless, and of no other artifact."""
    identity = sha256("\0".join((jenkins, str(job), str(build), path)).encode()).hexdigest()[:IDENTITY]
    own, of_job = path.rpartition("/")[2], job.parts[-1]
    # The end of a path is kept, as it has the ending by which a file is opened.
    names = _UNSAFE.sub("_", of_job)[:LONGEST_NAME], _UNSAFE.sub("_", own)[-LONGEST_NAME:]
    return f"{names[0]}-{build}-{identity}-{names[1]}"


class PartialFile:
    """A file that only its owner may read, and that appears under its name when it is complete, or not at all."""

    def __init__(self, target: Path) -> None:
        self._target = target
        self._digest = sha256()
        self._size = 0
        self._waiting = bytearray()

    def __enter__(self) -> Self:
        """Create it under another name, which nobody can foresee and so put a link at."""
        handle, name = tempfile.mkstemp(prefix=".", suffix=".part", dir=self._target.parent)
        self._path, self._file = Path(name), os.fdopen(handle, "wb")
        return self

    def __exit__(self, *_: object) -> None:
        """Remove an incomplete file."""
        self._waiting.clear()
        self._file.close()
        self._path.unlink(missing_ok=True)

    def add(self, piece: bytes) -> int:
        """Add bytes to those that wait to be written, and return how many wait."""
        self._waiting += piece
        return len(self._waiting)

    def flush(self) -> None:
        """Write the bytes that wait."""
        self._digest.update(self._waiting)
        self._size += self._file.write(self._waiting)
        self._waiting.clear()

    def complete(self) -> SavedFile:
        """Write the rest and give the file its name."""
        self.flush()
        self._file.flush()
        os.fsync(self._file.fileno())
        self._path.replace(self._target)
        return SavedFile(self._size, self._digest.hexdigest())
