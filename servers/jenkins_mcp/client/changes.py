"""The calls that change something in Jenkins. Pure, like `calls`.

Jenkins answers most changes with a redirect to a page of the job, which does not confirm the change: only the build or
the queue item does.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final
from urllib.parse import unquote, urlsplit

from ci_mcp_http.call import Call
from ci_mcp_kit.errors import Conflict, UnexpectedAnswer
from jenkins_mcp.client.calls import ENGLISH, read_json
from jenkins_mcp.client.models.system import Crumb
from jenkins_mcp.client.names import build_path, build_segment
from jenkins_mcp.client.refusals import SERVER_FAULT, describe_refusal
from jenkins_mcp.client.service_descriptor import JENKINS

if TYPE_CHECKING:
    from ci_mcp_http.call import Params, Reader
    from ci_mcp_http.response import Response
    from jenkins_mcp.client.names import JobName

CREATED: Final = 201
SEE_OTHER: Final = 303  # for an equal item that is in the queue already
_ITEM: Final = re.compile(r"/queue/item/(\d{1,18})/?")


@dataclass(frozen=True, slots=True)
class Queued:
    """The queue item that a trigger led to; `joined` if it was there before and takes this trigger as another cause."""

    item: int
    joined: bool = False


def trigger_build(
    job: JobName, form: Params, *, takes_parameters: bool, operation: str = "builds.trigger"
) -> Call[Queued]:
    """Put a build of a job into the queue; parameters that are left out take their defaults.

    Args:
        job: the job.
        form: names and values of parameters, each name once.
        takes_parameters: whether the job declares any, which decides on the route.
        operation: what it is done for.
    """
    return _change(
        operation, f"a build of {job}", job, f"{job.path}/{trigger_verb(takes_parameters)}", _read_queued, form
    )


def trigger_verb(takes_parameters: bool) -> str:
    """Return the end of the path at which a job is triggered: each refuses the other kind of job with a 400."""
    return "buildWithParameters" if takes_parameters else "build"


def rebuild_pipeline(job: JobName, build: int) -> Call[None]:
    """Run a build of a pipeline again with the same script and parameters; Jenkins does not say as which build."""
    path = f"{build_path(job, build)}/replay/rebuild"
    return _change("builds.rebuild", f"a rebuild of {job} #{build}", job, path, _redirect_reader(f"{job.path}/"))


def stop_build(job: JobName, build: int, verb: str) -> Call[None]:
    """Ask a build to stop; `verb` is stop, or for a pipeline term or kill."""
    path = build_path(job, build)
    subject = f"the stop of {job} #{build}"
    return _change("builds.stop", subject, job, f"{path}/{verb}", _redirect_reader(f"{path}/"))


def cancel_item(job: JobName, item: int) -> Call[None]:
    """Take an item of a job out of the queue."""
    form = (("id", build_segment(item)),)
    return _change(
        "queue.cancel", f"the cancellation of queue item {item}", job, "/queue/cancelItem", _read_cancelled, form
    )


def get_crumb() -> Call[Crumb]:
    """Read the crumb that a change without an API token has to carry; it belongs to a cookie of the same answer."""
    path = "/crumbIssuer/api/json"
    return Call(
        operation="system.crumb",
        subject="a crumb",
        method="GET",
        path=path,
        template=path,
        read=read_json(Crumb),
        headers=ENGLISH,
    )


def _change(operation: str, subject: str, job: JobName, path: str, read: Reader[Any], form: Params = ()) -> Call[Any]:
    parts = path.removeprefix(job.path).split("/")
    template = job.template * path.startswith(job.path) + "/".join(
        "{number}" if part.isdecimal() else part for part in parts
    )
    return Call(
        operation=operation,
        subject=subject,
        method="POST",
        path=path,
        template=template,
        read=read,
        headers=ENGLISH,
        form=form,
        scope=str(job),
        writes=True,
        idempotent=False,
    )


def _read_queued(call: Call[Any], response: Response) -> Queued:
    """Read the number of the queue item, and nothing else, from a Location, whose host is that of some proxy."""
    if response.status not in {CREATED, SEE_OTHER}:
        raise describe_refusal(call, response)
    found = _ITEM.search(urlsplit(response.headers.get("location", "")).path)
    if found is None:
        raise UnexpectedAnswer(
            f"Jenkins took {call.subject} and does not say which queue item it is",
            status=response.status,
            service=JENKINS,
        )
    return Queued(int(found[1]), joined=response.status == SEE_OTHER)


def _redirect_reader(page: str) -> Reader[None]:
    """Return a reader for the redirect to a page of Jenkins; a redirect elsewhere is that of a sign-in page."""

    def read(call: Call[Any], response: Response) -> None:
        target = urlsplit(response.headers.get("location", "")).path
        if not (response.is_redirect and unquote(target).endswith(unquote(page))):
            raise describe_refusal(call, response)

    return read


def _read_cancelled(call: Call[Any], response: Response) -> None:
    if response.status == SERVER_FAULT:
        # Seen for an item that has left the queue, which Jenkins still knows.
        raise Conflict("The item is no longer in the queue", status=response.status, service=JENKINS)
    if not response.is_success:
        raise describe_refusal(call, response)
