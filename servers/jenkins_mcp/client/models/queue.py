"""The queue. See jenkinsci/jenkins, core/src/main/java/hudson/model/Queue.java."""

from __future__ import annotations

from jenkins_mcp.client.models.base import Many, Text, Thing
from jenkins_mcp.client.models.builds import Action
from jenkins_mcp.client.models.jobs import BuildLink


class Task(Thing):
    """The job that a queue item is going to build; pipelines queue the parts of a build that wait for a node."""

    name: Text = ""
    full_name: Text = ""
    full_display_name: Text = ""
    color: Text = ""


class QueueItem(Thing):
    """Something that waits for an executor, or did: it is kept for five minutes after it has left the queue.

    `timestamp` is when its quiet period ends. `executable` is the build that it became.
    """

    id: int = 0
    why: Text = ""
    blocked: bool = False
    buildable: bool = False
    stuck: bool = False
    pending: bool = False
    cancelled: bool = False
    in_queue_since: int = 0
    buildable_start_milliseconds: int = 0
    timestamp: int = 0
    params: Text = ""
    task: Task | None = None
    actions: Many[Action] = ()
    executable: BuildLink | None = None

    @property
    def has_left(self) -> bool:
        """Whether it is no longer in the queue."""
        return self.cancelled or self.executable is not None or self.is_a("LeftItem")


class Queue(Thing):
    """The queue; `discoverable_items` are those of which this user may only know that they are there."""

    items: Many[QueueItem]
    discoverable_items: Many[QueueItem] = ()
