"""The state of one simulated Drone server."""

from __future__ import annotations

from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from itertools import count
from typing import TYPE_CHECKING, Any

from ci_mcp_simulator.world import SimulatedWorld
from drone_mcp_simulator import gojson, lifecycle
from drone_mcp_simulator.records import Build, Cron, Perm, Repo, Secret, Stage, Step, Template, User
from drone_mcp_simulator.runner import Runner
from drone_mcp_simulator.streams import FeedMessage, Hub
from drone_mcp_simulator.webhooks import Webhook
from gitea_simulator.world import Gitea

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from drone_mcp_simulator.scm import ScmRepo
    from drone_mcp_simulator.webhooks import WebhookSender

VERSION = "2.25.0"
# Access at the source code host -> the row in Drone's `perms`.
ACCESS = {"read": (True, False, False), "write": (True, True, False), "admin": (True, True, True)}


class NoRows(Exception):
    """The database has no such row; Drone answers with this message."""

    def __init__(self) -> None:
        super().__init__("sql: no rows in result set")


@dataclass
class Addresses:
    """The addresses of the server and of its source code host, as responses contain them."""

    host: str = "127.0.0.1:8080"
    scm_url: str = "http://scm.invalid"
    scm_ssh: str = "git@scm.invalid"
    commit_link: str = ""  # the link of every commit; empty: a page of its repository

    @property
    def link(self) -> str:
        """Return the server's URL as webhooks contain it."""
        return f"http://{self.host}"

    @property
    def forge(self) -> str:
        """Return the URL of the source code host's API and pages, as this simulator serves them."""
        return f"{self.link}/forge"

    def system(self) -> dict[str, str]:
        """Return the system object of webhooks (`core/system.go`)."""
        return {"proto": "http", "host": self.host, "link": self.link, "version": VERSION}


@dataclass
class World(SimulatedWorld):
    """The state of a Drone server. There are no globals, so a test may use several worlds."""

    addresses: Addresses = field(default_factory=Addresses)
    hook_signatures: bool = False  # refuse incoming hooks that the repository's signer did not sign
    users: dict[str, User] = field(default_factory=dict)
    scm: dict[str, ScmRepo] = field(default_factory=dict)
    repos: dict[str, Repo] = field(default_factory=dict)
    perms: dict[tuple[str, int], Perm] = field(default_factory=dict)  # (repository uid, user id)
    builds: dict[int, Build] = field(default_factory=dict)
    logs: dict[int, bytes] = field(default_factory=dict)  # by step id
    cards: dict[int, bytes] = field(default_factory=dict)  # by step id
    latest: dict[tuple[int, str, str], int] = field(default_factory=dict)  # (repository, kind, name) -> build id
    crons: list[Cron] = field(default_factory=list)
    secrets: list[Secret] = field(default_factory=list)
    templates: list[Template] = field(default_factory=list)
    hub: Hub = field(default_factory=Hub)
    sender: WebhookSender | None = None

    def __post_init__(self) -> None:
        super().__post_init__()
        self.forge = Gitea(self.timeline.now, self.addresses.forge)
        self.runner = Runner(self)
        self.outbox: list[Webhook] = []
        self._counts: dict[str, count[int]] = {}

    # -- current time and ids

    def now(self) -> int:
        """Return the Unix time in seconds."""
        return int(self.timeline.now())

    def next_id(self, table: str) -> int:
        """Return the next primary key of a table."""
        return next(self._counts.setdefault(table, count(1)))

    # -- users and repositories

    def add_user(self, user: User) -> User:
        """Store a new user."""
        user.id = self.next_id("users")
        user.created = user.updated = self.now()
        user.token = user.token or self.derive_hex("token", user.login)
        self.users[user.login] = user
        return user

    def find_user_by_token(self, token: str) -> User | None:
        """Return the user of a token; None, a guest, if it is unknown."""
        return next((user for user in self.users.values() if token and user.token == token), None)

    def find_user(self, user_id: int) -> User | None:
        """Return a user by id."""
        return next((user for user in self.users.values() if user.id == user_id), None)

    def find_perm(self, repo: Repo, user: User | None) -> Perm | None:
        """Return the user's row in `perms`, if there is one."""
        return self.perms.get((repo.uid, user.id)) if user else None

    def list_repos(self, user: User) -> list[Repo]:
        """Return the repositories for which the user has a row in `perms`, by slug."""
        mine = [repo for repo in self.repos.values() if (repo.uid, user.id) in self.perms]
        return sorted(mine, key=lambda repo: repo.slug)

    def sync(self, user: User) -> None:
        """Import the user's repositories from the source code host, where machine users have no account."""
        now = self.now()
        for remote in self.scm.values():
            access = remote.access.get(user.login)
            if access is None or user.machine:
                continue
            repo = self.repos.get(remote.slug) or self.add_repo(remote)
            self.perms[repo.uid, user.id] = Perm(*ACCESS[access], synced=now, created=now, updated=now)
        user.synced = now

    def add_repo(self, remote: ScmRepo) -> Repo:
        """Add a repository of the source code host, not yet enabled."""
        repo = self.describe_repo(remote)
        repo.id = self.next_id("repos")
        repo.synced = repo.created = repo.updated = self.now()
        repo.version = 1
        self.repos[repo.slug] = repo
        return repo

    def describe_repo(self, remote: ScmRepo) -> Repo:
        """Return a repository as the source code host describes it."""
        namespace, name = remote.slug.split("/")
        return Repo(
            id=0,
            uid=remote.uid,
            user_id=0,
            namespace=namespace,
            name=name,
            slug=remote.slug,
            git_http_url=f"{self.addresses.scm_url}/{remote.slug}.git",
            git_ssh_url=f"{self.addresses.scm_ssh}:{remote.slug}.git",
            link=f"{self.addresses.scm_url}/{remote.slug}",
            default_branch=remote.default_branch,
            private=remote.private,
            visibility="private" if remote.private else "public",
            version=0,
        )

    def enable(self, repo: Repo, owner: User) -> None:
        """Enable a repository; from now on Drone uses its owner's account at the source code host."""
        repo.active = True
        repo.user_id = owner.id
        repo.config_path = repo.config_path or ".drone.yml"
        repo.timeout = repo.timeout or 60
        repo.signer = repo.signer or self.derive_hex("signer", repo.slug)
        repo.secret = repo.secret or self.derive_hex("secret", repo.slug)
        repo.version += 1

    # -- builds

    def list_builds(self, repo: Repo) -> list[Build]:
        """Return all builds of a repository, newest first."""
        mine = [build for build in self.builds.values() if build.repo_id == repo.id]
        return sorted(mine, key=lambda build: build.id, reverse=True)

    def find_build(self, repo: Repo, number: int) -> Build:
        """Return one build; raise `NoRows` if there is none."""
        for build in self.builds.values():
            if build.repo_id == repo.id and build.number == number:
                return build
        raise NoRows

    def find_stage(self, build: Build, number: int) -> Stage:
        """Return one stage by its number; raise `NoRows` if there is none."""
        for stage in build.stages:
            if stage.number == number:
                return stage
        raise NoRows

    def find_step(self, repo: Repo, build: int, stage: int, step: int) -> Step:
        """Return one step by its build's, its stage's and its own number; raise `NoRows` if there is none."""
        for found in self.find_stage(self.find_build(repo, build), stage).steps:
            if found.number == step:
                return found
        raise NoRows

    def find_repo(self, build: Build) -> Repo:
        """Return the repository of a build."""
        return next(repo for repo in self.repos.values() if repo.id == build.repo_id)

    def list_stages(self, *statuses: str) -> list[tuple[Build, Stage]]:
        """Return all stages in one of the statuses, by id."""
        found = [(build, stage) for build in self.builds.values() for stage in build.stages if stage.status in statuses]
        return sorted(found, key=lambda pair: pair[1].id)

    def cancel(self, build: Build, status: str = "killed") -> bool:
        """Cancel a build and stop its stages; return whether the build itself changed."""
        changed = lifecycle.cancel(build, self.now(), status=status, runner_first=self.runner.reports_cancel_first)
        self.runner.stop(build)
        if changed:
            self.notify_build(build, nested=False)
        return changed

    # -- streams and webhooks

    def publish(self, build: Build) -> None:
        """Send a build to the event streams."""
        if not self.hub.feeds:
            return
        repo = self.find_repo(build)
        data = gojson.encode(repo.to_json(build=build.to_json()))
        self.hub.publish(FeedMessage(repo.slug, repo.visibility, data))

    def notify(self, event: str, action: str, **parts: Any) -> None:
        """Put a webhook with the current state of its parts into the outbox, if anyone is to get it."""
        if not self.sender:
            return
        body = {"event": event, "action": action, **parts, "system": self.addresses.system()}
        self.outbox.append(Webhook(event, f"{event}:{action}", gojson.marshal(body)))

    def notify_build(self, build: Build, *, nested: bool) -> None:
        """Put `build:updated` into the outbox; if `nested`, with a copy in the repository, as for runners' changes."""
        if not self.sender:
            return
        repo = self.find_repo(build)
        shown = repo.to_json(build=build.to_json()) if nested else repo.to_json()
        self.notify("build", "updated", repo=shown, build=build.to_json())

    async def deliver(self) -> str:
        """Send the outbox in order and wait for it, as Drone sends webhooks within its callers' requests.

        Return the error of the last delivery that was lost, empty if there was none.
        """
        notices, self.outbox = self.outbox, []
        failure = ""
        if self.sender:
            for notice in notices:
                failure = await self.sender.send(notice, self.timeline.now()) or failure
        return failure

    # -- time

    def play_history(self) -> None:
        """Play all due events without sending webhooks, to create the history of a scenario."""
        while self.timeline.step(self.clock.now()):
            self.outbox.clear()

    async def settle(self) -> None:
        """Send the webhooks of an event before the next one is played."""
        await self.deliver()

    @asynccontextmanager
    async def running(self) -> AsyncIterator[None]:
        """Play the timeline during the block, then end all streams and connections."""
        try:
            async with super().running():
                try:
                    yield
                finally:
                    self.hub.close()
        finally:
            if self.sender:
                await self.sender.close()
