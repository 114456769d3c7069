"""The calls that show what a change has led to: a queue item, or the newest builds of a job. Pure, like `calls`."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from ci_mcp_http.call import Call
from jenkins_mcp.client.calls import ENGLISH, read_json
from jenkins_mcp.client.models.base import Many, Thing
from jenkins_mcp.client.models.builds import Build
from jenkins_mcp.client.models.queue import Queue, QueueItem
from jenkins_mcp.client.names import build_segment

if TYPE_CHECKING:
    from jenkins_mcp.client.names import JobName

ACTIONS: Final = "actions[_class,parameters[_class,name,value],causes[_class,shortDescription]]"
ITEM: Final = f"_class,id,why,cancelled,task[_class,name,fullName],{ACTIONS},executable[number]"


class NewestBuilds(Thing):
    """The newest builds of a job, the newest first."""

    all_builds: Many[Build] = ()


def list_queued() -> Call[Queue]:
    """Read the queue, as far as it shows who put what into it."""
    path = "/queue/api/json"
    return Call(
        operation="queue.list",
        subject="the queue",
        method="GET",
        path=path,
        template=path,
        read=read_json(Queue),
        params=(("tree", f"items[{ITEM}]"),),
        headers=ENGLISH,
    )


def get_queued(item: int) -> Call[QueueItem]:
    """Read an item of the queue; Jenkins forgets it five minutes after it has left the queue."""
    return Call(
        operation="queue.get",
        subject=f"queue item {item}",
        method="GET",
        path=f"/queue/item/{build_segment(item)}/api/json",
        template="/queue/item/{id}/api/json",
        read=read_json(QueueItem),
        params=(("tree", ITEM),),
        headers=ENGLISH,
    )


def list_newest(job: JobName, count: int) -> Call[NewestBuilds]:
    """Read the newest builds of a job, as far as they show who started them with what."""
    path = "/api/json"
    return Call(
        operation="builds.newest",
        subject=f"the newest builds of {job}",
        method="GET",
        path=job.path + path,
        template=job.template + path,
        read=read_json(NewestBuilds),
        params=(("tree", f"allBuilds[number,queueId,{ACTIONS}]{{0,{count}}}"),),
        headers=ENGLISH,
        scope=str(job),
    )
