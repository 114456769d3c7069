"""Parses the body of a delivery. Pure.

The header `X-Drone-Event` is ignored, since Drone does not sign it (harness/drone v2.25.0,
`plugin/webhook/webhook.go`).
"""

from __future__ import annotations

from dataclasses import dataclass

from pydantic import ValidationError

from drone_mcp_client.models import Build, DroneModel, Repo
from drone_mcp_webhooks.verification import DeliveryRefused


class EventRepo(DroneModel):
    """The repository of an event. Drone nests a second copy of the build in it, which is not parsed."""

    id: int = 0
    slug: str
    version: int = 0
    active: bool = False


class EventBody(DroneModel):
    """The fields of an event that the receiver uses."""

    event: str
    action: str = ""
    repo: EventRepo | None = None
    build: Build | None = None


@dataclass(frozen=True, slots=True)
class BuildChanged:
    """A build was created or updated; `build` is its snapshot."""

    slug: str
    build: Build


@dataclass(frozen=True, slots=True)
class RepoChanged:
    """A repository was enabled, disabled or deleted."""

    repo: Repo


@dataclass(frozen=True, slots=True)
class OtherEvent:
    """An event without state to store; it still shows that Drone is alive. `known`: Drone 2.25 sends such events."""

    known: bool


def read_event(body: bytes) -> BuildChanged | RepoChanged | OtherEvent:
    """Parse a delivery; raise `DeliveryRefused` for a body that Drone cannot have written."""
    try:
        event = EventBody.model_validate_json(body)
    except ValidationError:
        raise DeliveryRefused("unreadable", 400) from None
    if _has_huge_number(event):
        raise DeliveryRefused("unreadable", 400)
    match event.event, event.action, event.repo:
        case "build", "created" | "updated", EventRepo() as repo if event.build is not None:
            return BuildChanged(repo.slug, event.build)
        case "build", "created" | "updated", _:
            raise DeliveryRefused("unreadable", 400)
        case "repo", "enabled" | "disabled" | "deleted", EventRepo() as repo:
            active, version = repo.active, repo.version
            if event.action == "deleted":
                # Stored as disabled, one version later: its snapshot is from before the deletion.
                active, version = False, version + 1
            namespace, _, name = repo.slug.rpartition("/")
            changed = Repo(id=repo.id, namespace=namespace, name=name, slug=repo.slug, version=version, active=active)
            return RepoChanged(changed)
        case "repo" | "user", _, _:
            return OtherEvent(known=True)
        case _:
            # From a later Drone. Its signature was valid, so it still shows that the feed is alive.
            return OtherEvent(known=False)


def _has_huge_number(value: object) -> bool:
    """Return whether there is a number beyond 64 bits, which Drone cannot send (Go's int64) and no store takes."""
    if isinstance(value, int):
        return not -(2**63) <= value < 2**63
    if isinstance(value, DroneModel):
        return any(_has_huge_number(part) for part in value.__dict__.values())
    return isinstance(value, list | tuple) and any(_has_huge_number(part) for part in value)
