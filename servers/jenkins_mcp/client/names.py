"""Jobs and builds as people write them, and the paths of requests that follow from them. Pure.

Paths are made from names and never taken from a `url` of an answer: Jenkins makes those from the root address that an
administrator configured, which need not be the address that we reach it at.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final
from urllib.parse import unquote, urlsplit

from ci_mcp_http.call import join_path, quote_input
from ci_mcp_kit.errors import InvalidInput

if TYPE_CHECKING:
    from collections.abc import Iterator

DEEPEST: Final = 20  # folders; deeper than people nest them, and far below the 8 KiB that Jetty takes as a request line
PERMALINKS: Final = (
    "lastBuild",
    "lastCompletedBuild",
    "lastSuccessfulBuild",
    "lastStableBuild",
    "lastUnstableBuild",
    "lastUnsuccessfulBuild",
    "lastFailedBuild",
)
"""Names for a build's number (jenkinsci/jenkins, core/src/main/java/hudson/model/PermalinkProjectAction.java)."""

LARGEST_NUMBER: Final = 2**31 - 1  # of a build: an int in Jenkins
EXAMPLE: Final = "Give the full name, like team/app, or team/app/main for the branch main of a multibranch project"


@dataclass(frozen=True, slots=True)
class JobName:
    """The full name of a job or folder.

    Attributes:
        parts: its own name after those of the folders around it, as Jenkins stores them; empty for the root. The name
            of a branch is stored quoted: `feature/x y` is the part `feature%2Fx y`.
    """

    parts: tuple[str, ...]

    def __str__(self) -> str:
        return "/".join(self.parts)

    @property
    def path(self) -> str:
        """The path from Jenkins' address, `/job/team/job/app`; "" for the root."""
        return "".join(f"/job{join_path(part)}" for part in self.parts)

    @property
    def template(self) -> str:
        """The path with a placeholder, for traces and metrics, which must not name a job."""
        return "/job/{name}" if self.parts else ""


ROOT: Final = JobName(())
# jenkinsci/jenkins, core/src/main/java/jenkins/model/Jenkins.java, `checkGoodName`.
_NOT_IN_NAMES: Final = {character: f"%{ord(character):02X}" for character in r"?*/\%!@#$^&|<>[]:;"}


def parse_job(text: str) -> JobName:
    """Read a full name as Jenkins shows it, `team/app`, or the address of a job's page.

    Raises:
        InvalidInput: it is empty, too deep, or has a part that no path can carry.
    """
    text = text.strip()
    parts = _read_address(text) if "://" in text else tuple(text.strip("/").split("/"))
    if not any(parts):
        raise InvalidInput("The name of the job is empty", next_step=EXAMPLE)
    if len(parts) > DEEPEST:
        raise InvalidInput(f"The job {quote_input(text)} lies in more than {DEEPEST} folders", next_step=EXAMPLE)
    job = JobName(parts)
    # Made here, so that a wrong part is refused where the name is read and not when it is used.
    _ = job.path
    return job


def guess_branches(name: JobName) -> Iterator[JobName]:
    """Yield the possible meanings of a name that is written like a branch: `team/app/feature/x` for `feature%2Fx`.

    The name of a branch is stored quoted where it has characters that no job's name may have.
    """
    for cut in range(len(name.parts) - 1, 0, -1):
        branch = "".join(_NOT_IN_NAMES.get(character, character) for character in "/".join(name.parts[cut:]))
        if branch != name.parts[cut]:
            yield JobName((*name.parts[:cut], branch))


def parse_folder(text: str) -> JobName:
    """Read the full name of a folder; an empty one, or "/", is the root."""
    return parse_job(text) if text.strip().strip("/") else ROOT


def build_segment(build: int | str) -> str:
    """Return the path segment of a build: its number, or a permalink such as `lastFailedBuild`.

    Raises:
        InvalidInput: it is neither.
    """
    if isinstance(build, int):
        if not 1 <= build <= LARGEST_NUMBER:
            raise InvalidInput(f"A build's number is from 1 to {LARGEST_NUMBER}, not {build}")
        return str(build)
    if build not in PERMALINKS:
        raise InvalidInput(
            f"{quote_input(build)} names no build", next_step=f"Give a number, or one of {', '.join(PERMALINKS)}"
        )
    return build


def build_path(job: JobName, build: int | str) -> str:
    """Return the path of a build's page."""
    return f"{job.path}/{build_segment(build)}"


def job_of(full_name: str) -> JobName:
    """Return the name of a job that Jenkins itself names in full."""
    return JobName(tuple(full_name.split("/")))


def artifact_path(job: JobName, build: int | str, relative_path: str) -> str:
    """Return the path of an artifact.

    Args:
        job: whose build it is.
        build: a number or a permalink.
        relative_path: as Jenkins lists it, decoded, with `/` between folders.

    Raises:
        InvalidInput: it leads out of the build's artifacts, or asks for one of Jenkins' views of a folder.
    """
    parts = relative_path.split("/")
    # `*zip*`, `*plain*`, `*view*` and `*fingerprint*` are commands and no names (jenkinsci/jenkins,
    # core/src/main/java/hudson/model/DirectoryBrowserSupport.java); `*` and `?` would search.
    if "*" in relative_path:
        raise InvalidInput(
            f"The path {quote_input(relative_path)} has a '*'", next_step="Give one path of the list of artifacts"
        )
    return f"{build_path(job, build)}/artifact{join_path(*parts)}"


def _read_address(text: str) -> tuple[str, ...]:
    """Return the parts that a job's address names: every segment that follows a segment `job`."""
    try:
        segments = urlsplit(text).path.split("/")
    except ValueError:
        segments = []
    parts: list[str] = []
    rest = iter(segments)
    for segment in rest:
        # Before the first `job` is the path at which Jenkins is served; after the last part, a build or a page.
        if segment == "job":
            parts.append(unquote(next(rest, "")))
        elif parts:
            break
    if not parts:
        raise InvalidInput(f"The address {quote_input(text)} is not that of a job", next_step=EXAMPLE)
    return tuple(parts)
