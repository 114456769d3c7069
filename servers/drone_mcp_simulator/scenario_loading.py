"""Loads scenarios: turns a YAML file into a world and schedules its events.

Events before time 0 (`at: -2h`) are played while loading, so that every build has the history of a real one; later
events happen as the clock advances.
"""

from __future__ import annotations

import logging
from dataclasses import replace
from functools import partial
from importlib import resources
from pathlib import Path
from typing import TYPE_CHECKING

import yaml
from pydantic import ValidationError

from ci_mcp_kit.yaml_source import YAML_ERRORS
from ci_mcp_simulator.clock import ManualClock
from ci_mcp_simulator.faults import Fault
from ci_mcp_simulator.scenarios import ScenarioError
from drone_mcp_simulator import forge, lifecycle
from drone_mcp_simulator.lifecycle import TransitionRefused
from drone_mcp_simulator.records import Build, User
from drone_mcp_simulator.scenario_conversion import PipelineResolver
from drone_mcp_simulator.scenario_schema import OnBuild, PullPart, ScenarioFile
from drone_mcp_simulator.scm import ScmRepo
from drone_mcp_simulator.trigger import describe_rebuild, start
from drone_mcp_simulator.world import Addresses, NoRows, World

if TYPE_CHECKING:
    from collections.abc import Callable
    from importlib.resources.abc import Traversable

    from ci_mcp_simulator.clock import Clock
    from drone_mcp_simulator.records import Repo
    from drone_mcp_simulator.scenario_schema import BuildPart, OnStage, RepoPart, TimelineEntry
    from drone_mcp_simulator.scm import Commit

LOGGER = logging.getLogger(__name__)
_SAFE_LOADER = getattr(yaml, "CSafeLoader", yaml.SafeLoader)  # ten times as fast, where PyYAML was built with libyaml


def shipped() -> list[str]:
    """List the names of the scenarios in the package."""
    folder = resources.files("drone_mcp_simulator") / "scenarios"
    return sorted(entry.name.removesuffix(".yaml") for entry in folder.iterdir() if entry.name.endswith(".yaml"))


def read(name_or_path: str) -> ScenarioFile:
    """Read and validate a scenario, given the name of a shipped one or a path."""
    return _parse(_locate(name_or_path))


def load(name_or_path: str, clock: Clock | None = None) -> World:
    """Return the world of a scenario, its past already played."""
    source = _locate(name_or_path)
    return Loader(_parse(source), PipelineResolver(source), clock or ManualClock()).world


def _locate(name_or_path: str) -> Path | Traversable:
    if name_or_path in shipped():
        return resources.files("drone_mcp_simulator") / "scenarios" / f"{name_or_path}.yaml"
    path = Path(name_or_path)
    if not path.is_file():
        raise ScenarioError(f"no scenario {name_or_path!r}: neither a file nor one of {', '.join(shipped())}")
    return path


def _parse(source: Path | Traversable) -> ScenarioFile:
    try:
        text = source.read_text(encoding="utf-8")
        try:
            data = yaml.load(text, _SAFE_LOADER)  # noqa: S506 - both loaders are safe
        except yaml.YAMLError:
            # libyaml refuses lone surrogates, by which a log in a scenario has bytes that are no UTF-8.
            data = yaml.safe_load(text)
        return ScenarioFile.model_validate(data)
    except ValidationError as error:
        lines = []
        for item in error.errors(include_url=False):
            # Without the names of pydantic's own validators.
            place = ".".join(str(part) for part in item["loc"] if "[" not in str(part))
            lines.append(f"{place or 'file'}: {item['msg']}")
        raise ScenarioError(f"{source.name}: " + "; ".join(lines)) from error
    except YAML_ERRORS as error:
        raise ScenarioError(f"{source.name}: not YAML: {error}") from error


class Loader:
    """Builds the world of one scenario."""

    def __init__(self, file: ScenarioFile, pipelines: PipelineResolver, clock: Clock) -> None:
        self.file = file
        self.pipelines = pipelines
        self.zero = clock.now()
        self._is_loaded = False
        addresses = Addresses(**file.place.model_dump())
        self.world = World(clock=clock, addresses=addresses, hook_signatures=file.hook_signatures)
        self.world.forge.builds = partial(forge.list_statuses, self.world)
        runner = self.world.runner
        runner.name, runner.platforms = file.runner.name, tuple(file.runner.platforms)
        runner.pickup, runner.grace = file.runner.pickup, file.runner.grace
        runner.reports_cancel_first = file.runner.reports_cancel_first
        self.pipelines.register(file.pipelines)
        _check_references(file)
        times = [build.at for build in file.builds] + [entry.at for entry in file.timeline]
        self._schedule_at(min([0.0, *times]), self._create_users_and_repos)
        for build in file.builds:
            self._schedule_at(build.at, partial(self._start_build, build))
        for entry in file.timeline:
            self._schedule_at(entry.at, partial(self._play, entry))
        self._schedule_at(0.0, self._fill_forge)
        self.world.play_history()
        self._is_loaded = True
        for fault in file.faults:
            self.world.faults.add(_parse_fault(fault))

    def _schedule_at(self, at: float, event: Callable[[], None]) -> None:
        self.world.timeline.at(self.zero + at, event)

    # -- the initial state

    def _create_users_and_repos(self) -> None:
        for user in self.file.users:
            self.world.add_user(User(0, **user.model_dump()))
            self.world.forge.add_user(user.login, admin=user.admin)
            self.world.forge.add_token(user.login, self.world.derive_hex("forge", user.login), user.login, ["all"])
        for token in self.file.forge_tokens:
            secret = token.token or self.world.derive_hex("forge", token.name)
            self.world.forge.add_token(token.user, secret, token.name, token.scopes)
        for number, repo in enumerate(self.file.repos, 1):
            self._add_repo(str(number), repo)

    def _add_repo(self, uid: str, part: RepoPart) -> None:
        unknown = [login for login in [*part.permissions, part.owner] if login and login not in self.world.users]
        if unknown:
            raise ScenarioError(f"{part.slug}: {unknown[0]!r} is not among the users")
        remote = ScmRepo(uid, part.slug, part.visibility == "private", part.default_branch, dict(part.permissions))
        self.world.scm[part.slug] = remote
        forge.add_repository(self.world, remote, part)
        # The default branch first, so that others can begin at it.
        for branch, head in sorted(part.branches.items(), key=lambda pair: pair[0] != part.default_branch):
            commit = self.pipelines.build_head(self.world.addresses, part.slug, branch, head)
            forge.push(self.world, remote, branch, commit, head.files, remote.heads.get(part.default_branch, ""))
            remote.push(branch, commit)
        if part.synced:
            self._sync_repo(remote, part)

    def _sync_repo(self, remote: ScmRepo, part: RepoPart) -> None:
        repo = self.world.add_repo(remote)
        repo.visibility, repo.protected, repo.trusted = part.visibility, part.protected, part.trusted
        repo.timeout = part.timeout if part.active else 0
        for login in part.permissions:
            self.world.sync(self.world.users[login])
        if part.active:
            admins = [login for login, access in part.permissions.items() if access == "admin"]
            admins += [user.login for user in self.world.users.values() if user.admin]
            owner = part.owner or next(iter(admins), "")
            if not owner:
                raise ScenarioError(f"{part.slug}: an active repository needs an owner or a user with admin permission")
            self.world.enable(repo, self.world.users[owner])

    def _fill_forge(self) -> None:
        """Open the issues and pull requests of the scenario, after the commits of its past."""
        for part in self.file.repos:
            remote = self.world.scm[part.slug]
            for pull in part.forge.pulls:
                forge.open_pull(self.world, remote, pull)
            for issue in part.forge.issues:
                forge.open_issue(self.world, remote, issue)
            forge.finish(self.world, remote, part.forge)

    # -- events

    def _play(self, entry: TimelineEntry) -> None:
        """Play one entry of the timeline; an impossible one is an error while loading and a warning later."""
        try:
            self._dispatch(entry)
        except (NoRows, TransitionRefused) as error:
            message = f"at {entry.at:g} s: {error}"
            if not self._is_loaded:
                raise ScenarioError(message) from error
            LOGGER.warning("scenario: %s", message)

    def _dispatch(self, entry: TimelineEntry) -> None:
        if entry.build:
            self._start_build(entry.build)
        elif entry.cancel:
            self._cancel(entry.cancel)
        elif entry.approve:
            self._approve(entry.approve)
        elif entry.decline:
            self._decline(entry.decline)
        elif entry.restart:
            self._rebuild(entry.restart, "", "")
        elif entry.promote:
            self._rebuild(entry.promote, "promote", entry.promote.target)
        elif entry.rollback:
            self._rebuild(entry.rollback, "rollback", entry.rollback.target)
        elif entry.fault is not None:
            self.world.faults.add(_parse_fault(entry.fault))
        elif entry.heal:
            self.world.faults.clear()

    def _find_repo(self, slug: str) -> Repo:
        if slug not in self.world.repos:
            raise NoRows
        return self.world.repos[slug]

    def _start_build(self, part: BuildPart) -> None:
        repo = self._find_repo(part.repo)
        remote = self.world.scm[part.repo]
        branch = part.branch or remote.default_branch
        head = remote.head(branch)
        commit = self.pipelines.build_commit(self.world.addresses, part, branch, head, repo.counter + 1)
        if commit is None:
            raise ScenarioError(f"{part.repo}: no branch {branch!r}, and the build brings no pipeline of its own")
        remote.commits[commit.sha] = commit
        # The forge gets the commit, too, and the pull request that it is of.
        if part.event == "pull_request":
            source = _source_of(part)
            forge.push(self.world, remote, source, commit, part.files, remote.heads.get(branch, ""))
            title = part.title or commit.message.partition("\n")[0]
            pull = PullPart(number=part.pull or 1, head=source, title=title, author=commit.author_login, base=branch)
            forge.open_pull(self.world, remote, pull)
        else:
            remote.push(branch, commit)
            forge.push(self.world, remote, branch, commit, part.files, remote.heads.get(remote.default_branch, ""))
        start(self.world, repo, _describe_build(part, branch, commit, head), commit.pipeline)

    def _find_build(self, on: OnBuild) -> tuple[Repo, Build]:
        repo = self._find_repo(on.repo)
        return repo, self.world.find_build(repo, on.build)

    def _cancel(self, on: OnBuild) -> None:
        _, build = self._find_build(on)
        self.world.cancel(build)

    def _approve(self, on: OnStage) -> None:
        _, build = self._find_build(on)
        for stage in build.stages:
            if on.stage in (None, stage.number):
                lifecycle.approve(stage)
        self.world.runner.schedule_pending_stages(build)

    def _decline(self, on: OnStage) -> None:
        _, build = self._find_build(on)
        if on.stage is None:
            lifecycle.decline_all(build)
        else:
            lifecycle.decline(build, self.world.find_stage(build, on.stage))

    def _rebuild(self, on: OnBuild, event: str, target: str) -> None:
        repo, build = self._find_build(on)
        user = self.world.users[on.user] if on.user else next(iter(self.world.users.values()))
        base = describe_rebuild(build, user)
        if event:
            base = replace(base, event=event, deploy_to=target, action="", cron="")
        start(self.world, repo, base, self.world.scm[repo.slug].commits[build.after].pipeline)


def _source_of(part: BuildPart) -> str:
    """Return the branch of a pull request."""
    return part.source or part.sender or "topic"


def _check_references(file: ScenarioFile) -> None:
    """Check that all entries refer to repositories and users of this file."""
    slugs, logins = {repo.slug for repo in file.repos}, {user.login for user in file.users}
    actions = [action for entry in file.timeline for action in entry.actions()]
    for part in [*file.builds, *actions]:
        if part.repo not in slugs:
            raise ScenarioError(f"{part.repo!r} is not among the repos: {', '.join(sorted(slugs)) or 'none'}")
        if isinstance(part, OnBuild) and part.user and part.user not in logins:
            raise ScenarioError(f"{part.user!r} is not among the users: {', '.join(sorted(logins))}")


def _parse_fault(data: dict[str, object]) -> Fault:
    try:
        return Fault.model_validate(data)
    except ValidationError as error:
        first = error.errors(include_url=False)[0]
        raise ScenarioError(f"fault: {'.'.join(map(str, first['loc']))}: {first['msg']}") from error


def _describe_build(part: BuildPart, branch: str, commit: Commit, head: Commit | None) -> Build:
    """Describe the build that an event at the source code host triggers."""
    base = Build(
        trigger={"custom": part.sender or commit.author_login, "cron": "@cron"}.get(part.event, "@hook"),
        event=part.event,
        link=commit.link,
        title=part.title,
        message=commit.message,
        before=head.sha if head else "0" * 40,
        after=commit.sha,
        ref=f"refs/heads/{branch}",
        source=branch,
        target=branch,
        author_login=commit.author_login,
        author_name=commit.author_name,
        author_email=commit.author_email,
        author_avatar=commit.author_avatar,
        sender=part.sender or commit.author_login,
        params=dict(part.params),
        cron=part.cron,
    )
    if part.event == "pull_request":
        return replace(base, action="opened", ref=f"refs/pull/{part.pull or 1}/head", source=_source_of(part))
    if part.event == "tag":
        return replace(base, action="create", ref=f"refs/tags/{part.tag or 'v1.0.0'}", source="", target="")
    return base
