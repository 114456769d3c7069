"""Lists the revisions of a service: which images each had, who deployed it, and what came of it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from ci_mcp_kit.outgoing_text import one_line
from ci_mcp_kit.token_count import count_tokens
from ci_mcp_logs.answer_text import bounded
from drone_mcp_nodes.formatting import NAME_WIDTH, VALUE_WIDTH, moment
from drone_mcp_nodes.reading.views import RevisionList
from drone_mcp_nodes_api.wire import agent_pb2 as pb

if TYPE_CHECKING:
    from drone_mcp_nodes.access import NodesAccess, Place

MOST: Final = 20  # that a node is asked for
ROOM: Final = 1_200  # tokens of the lines of an answer
IMAGES_WIDTH: Final = 3 * VALUE_WIDTH


async def list_revisions(access: NodesAccess, place: Place) -> RevisionList:
    """Return the revisions of a service, newest first."""
    request = pb.ListRevisionsRequest(service=place.service, limit=MOST)
    answer: pb.ListRevisionsResponse = await access.read(place.node, "ListRevisions", request)
    lines = [describe_revision(revision) for revision in answer.revisions]
    kept = bounded(lines, ROOM, count_tokens)
    is_cut = kept != lines
    return RevisionList(
        service=str(place),
        revisions=tuple(kept[:-1] if is_cut else kept),
        left_out=f"{kept[-1]}" if is_cut else "",
        next_step="Go back with nodes_rollback_service, if this role may" if len(lines) > 1 else "",
    )


def describe_revision(revision: pb.Revision) -> str:
    """Return a revision on one line: `7 2026-11-29T10:00:00Z deployed by mona: web r/web:v1.2.0`."""
    images = ", ".join(f"{component.name} {component.image}" for component in revision.spec.components)
    by = f" by {one_line(revision.by, NAME_WIDTH)}" if revision.by else ""
    outcome = one_line(revision.outcome, NAME_WIDTH)
    return f"{revision.number} {moment(revision.at)} {outcome}{by}: {one_line(images, IMAGES_WIDTH)}"
