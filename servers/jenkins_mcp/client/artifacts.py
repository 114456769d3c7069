"""Requests for the bytes of an artifact, as data. Pure.

Jenkins may redirect them to a store on another host (jenkinsci/jenkins,
core/src/main/java/jenkins/security/ResourceDomainConfiguration.java; artifact managers do the same), which gets no
credentials. Bytes are asked for uncompressed: Jenkins gives no length and no part of a compressed one.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final, TypeVar
from urllib.parse import unquote, urlsplit

from ci_mcp_http.call import Call, quote_input
from ci_mcp_kit.errors import InvalidInput, NotFound, ServiceError, UnexpectedAnswer
from jenkins_mcp.client.names import artifact_path
from jenkins_mcp.client.refusals import describe_refusal
from jenkins_mcp.client.service_descriptor import JENKINS

if TYPE_CHECKING:
    from ci_mcp_http.call import Params, Reader
    from ci_mcp_http.response import Response
    from jenkins_mcp.client.names import JobName

T = TypeVar("T")

AS_STORED: Final[Params] = (("Accept", "*/*"), ("Accept-Encoding", "identity"))
PARTIAL: Final = 206
# Jenkins fails at a range that begins beyond the end; a store answers 416 (RFC 9110, section 15.5.17).
BEYOND_THE_END: Final = frozenset({416, 500})
_CONTENT_RANGE: Final = re.compile(r"bytes (\d+)-\d+/(\d+|\*)")


@dataclass(frozen=True, slots=True)
class ArtifactPart:
    """A part of an artifact; `size` is that of the whole, None if nobody said it."""

    data: bytes
    size: int | None


def read_part(job: JobName, build: int, path: str, start: int, count: int) -> Call[ArtifactPart]:
    """Read at most `count` bytes of an artifact from an offset on."""

    def read(call: Call[Any], response: Response) -> ArtifactPart:
        if start and response.status in BEYOND_THE_END:
            raise InvalidInput(
                f"The {call.subject} has no byte {start}",
                next_step="Begin with an earlier one; jenkins_list_artifacts gives the size",
                status=response.status,
                service=JENKINS,
            )
        if not response.is_success:
            raise _describe_refusal(call, response, path)
        given = _CONTENT_RANGE.fullmatch(response.headers.get("content-range", ""))
        if start and (response.status != PARTIAL or given is None or int(given[1]) != start):
            raise UnexpectedAnswer(
                f"Only the whole of the {call.subject} is given, and no part of it",
                next_step="Save it with form file, or read it from byte 0",
                status=response.status,
                service=JENKINS,
            )
        length = given[2] if given else response.headers.get("content-length", "")
        known = int(length) if length.isdecimal() else None if response.is_cut else start + len(response.body)
        return ArtifactPart(response.body[:count], known)

    # From the beginning no range is asked for, as Jenkins fails at any range of an empty file.
    part = (("Range", f"bytes={start}-{start + count - 1}"),) if start else ()
    return _get(job, build, path, read, headers=AS_STORED + part, enough=count)


def download(job: JobName, build: int, path: str) -> Call[None]:
    """Read the whole of an artifact, piece by piece; the reader sees only responses other than a success."""

    def read(call: Call[Any], response: Response) -> None:
        raise _describe_refusal(call, response, path)

    return _get(job, build, path, read, headers=AS_STORED)


def measure(job: JobName, build: int, path: str) -> Call[int | None]:
    """Read the size of an artifact; None if Jenkins does not say it, as where another host stores it."""

    def read(_: Call[Any], response: Response) -> int | None:
        length = response.headers.get("content-length", "")
        return int(length) if response.is_success and length.isdecimal() else None

    return _get(job, build, path, read, headers=AS_STORED, method="HEAD")


def _get(
    job: JobName,
    build: int,
    path: str,
    read: Reader[T],
    *,
    headers: Params,
    method: str = "GET",
    enough: int = 0,
) -> Call[T]:
    return Call(
        operation="artifacts.get" if method == "GET" else "artifacts.measure",
        subject=f"artifact {path} of {job} #{build}",
        method=method,
        path=artifact_path(job, build, path),
        template=f"{job.template}/{{number}}/artifact/{{path}}",
        read=read,
        headers=headers,
        scope=str(job),
        enough=enough,
        # A signed address is often for one method only.
        redirects=method == "GET",
    )


def _describe_refusal(call: Call[Any], response: Response, path: str) -> ServiceError:
    if response.is_redirect:
        location = urlsplit(response.headers.get("location", ""))
        if unquote(location.path).endswith(f"{unquote(call.path)}/"):
            return InvalidInput(
                f"{quote_input(path)} is a folder",
                next_step="Give the path of a file, as jenkins_list_artifacts gives it",
                status=response.status,
                service=JENKINS,
            )
        return UnexpectedAnswer(
            f"Jenkins redirects for {call.subject} to {quote_input(location.netloc)}, which is not followed",
            next_step="Only a redirect from https to https on another host is: let JENKINS_URL begin with https, "
            "or ask an administrator of Jenkins",
            status=response.status,
            service=JENKINS,
        )
    error = describe_refusal(call, response)
    if isinstance(error, NotFound):
        error.next_step = "Call jenkins_list_artifacts for the paths of this build"
    return error
