"""What a delivery asks for. Pure; decided by the body alone, since the event's header is not signed."""

from __future__ import annotations

from dataclasses import dataclass

from pydantic import ValidationError

from drone_mcp_client.models import Build, DroneModel, Repo
from drone_mcp_webhooks.verification import Refused


class EventRepo(DroneModel):
    """What matters of a repository. Drone puts a copy of the build into it, which is passed over unread."""

    id: int = 0
    slug: str
    version: int = 0
    active: bool = False


class Body(DroneModel):
    """The parts of an event that matter here."""

    event: str
    action: str = ""
    repo: EventRepo | None = None
    build: Build | None = None


@dataclass(frozen=True, slots=True)
class BuildSeen:
    """A build's snapshot."""

    slug: str
    build: Build


@dataclass(frozen=True, slots=True)
class RepoSeen:
    """A repository that was enabled, disabled or deleted."""

    repo: Repo


@dataclass(frozen=True, slots=True)
class Noted:
    """Nothing to keep but that Drone is alive."""

    known: bool


def read_event(body: bytes) -> BuildSeen | RepoSeen | Noted:
    """Understand a delivery; raises `Refused` for a body that Drone cannot have written."""
    try:
        event = Body.model_validate_json(body)
    except ValidationError:
        raise Refused("unreadable", 400) from None
    match event.event, event.action, event.repo:
        case "build", "created" | "updated", EventRepo() as repo if event.build is not None:
            return BuildSeen(repo.slug, event.build)
        case "build", "created" | "updated", _:
            raise Refused("unreadable", 400)
        case "repo", "enabled" | "disabled" | "deleted", EventRepo() as repo:
            return RepoSeen(_as_left(repo, deleted=event.action == "deleted"))
        case "repo" | "user", _, _:
            return Noted(known=True)
        case _:
            return Noted(known=False)


def _as_left(repo: EventRepo, *, deleted: bool) -> Repo:
    """A deleted repository is one that is not enabled, whatever its last row said."""
    namespace, _, name = repo.slug.rpartition("/")
    active, version = (False, repo.version + 1) if deleted else (repo.active, repo.version)
    return Repo(id=repo.id, namespace=namespace, name=name, slug=repo.slug, version=version, active=active)
