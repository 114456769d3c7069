"""Converts the parts of a scenario file into the commits and pipelines of the source code host."""

from __future__ import annotations

from importlib import resources
from typing import TYPE_CHECKING

from ci_mcp_simulator.scenarios import ScenarioError
from drone_mcp_simulator.runner_log import Output
from drone_mcp_simulator.scm import Commit, Pipeline, StageDefinition, StepDefinition, sha_for

if TYPE_CHECKING:
    from importlib.resources.abc import Traversable
    from pathlib import Path

    from drone_mcp_simulator.scenario_schema import BranchPart, BuildPart, Log, PipelinePart, StagePart, StepPart
    from drone_mcp_simulator.world import Addresses

FILLER = "compiling unit {number:06d} of the long build: all symbols resolved, cache warm, nothing to report here\n"


class PipelineResolver:
    """Resolves the names and files of one scenario; `path` is the path of its file."""

    def __init__(self, path: Path | Traversable) -> None:
        self._path = path
        self._named: dict[str, Pipeline] = {}

    def register(self, pipelines: dict[str, PipelinePart]) -> None:
        """Register the pipelines that branches and builds refer to by name."""
        self._named = {name: self._convert_pipeline(part) for name, part in pipelines.items()}

    def resolve(self, part: str | PipelinePart) -> Pipeline:
        """Return a pipeline by its name, or convert one defined inline."""
        if not isinstance(part, str):
            return self._convert_pipeline(part)
        if part not in self._named:
            raise ScenarioError(f"no pipeline {part!r}; there are {', '.join(sorted(self._named)) or 'none'}")
        return self._named[part]

    def _convert_pipeline(self, part: PipelinePart) -> Pipeline:
        stages = [self._convert_stage(stage) for stage in part.stages]
        if part.steps:
            steps = tuple(self._convert_step(step) for step in part.steps)
            stages = [StageDefinition("default", steps, type=part.type, clone=part.clone)]
        return Pipeline(tuple(stages), part.error, part.missing)

    def _convert_stage(self, part: StagePart) -> StageDefinition:
        return StageDefinition(
            part.name,
            tuple(self._convert_step(step) for step in part.steps),
            kind=part.kind,
            type=part.type,
            platform=part.platform,
            depends_on=tuple(part.depends_on),
            when=tuple(part.when),
            events=tuple(part.events),
            clone=part.clone,
            limit=part.limit,
            lost=part.lost,
        )

    def _convert_step(self, part: StepPart) -> StepDefinition:
        return StepDefinition(
            part.name,
            duration=part.duration,
            exit_code=part.exit_code,
            error=part.error,
            when=tuple(part.when),
            ignore_failure=part.failure == "ignore",
            depends_on=tuple(part.depends_on),
            image=part.image,
            detached=part.detached,
            output=self._convert_log(part.log) if part.log else Output(f"+ ./{part.name}\n"),
        )

    def _convert_log(self, log: Log) -> Output:
        if log.blob is not None:
            return Output(blob=log.blob.encode())
        if log.repeat is not None:
            return Output("".join(FILLER.format(number=number) for number in range(1, log.repeat + 1)))
        if log.writes is not None:
            return Output(writes=tuple(log.writes))
        if log.package is not None:
            return Output(
                _read_text(resources.files("drone_mcp_simulator") / "scenarios" / "logs" / f"{log.package}.log")
            )
        if log.file is not None:
            folder: Path | Traversable | None = getattr(self._path, "parent", None)
            if folder is None:
                raise ScenarioError(f"log file {log.file!r}: this scenario lies in no folder")
            return Output(_read_text(folder / log.file))
        return Output(log.text or "")

    # -- commits

    def build_head(self, addresses: Addresses, slug: str, branch: str, part: BranchPart) -> Commit:
        """Build the head commit of a branch."""
        sha = part.commit or sha_for(slug, branch)
        login = part.author or slug.split("/", maxsplit=1)[0]
        return Commit(
            sha,
            part.message or f"Work on {branch}",
            self.resolve(part.pipeline),
            author_login=login,
            author_name=part.author_name,
            author_email=part.author_email or f"{login}@example.com",
            author_avatar=part.author_avatar,
            link=addresses.commit_link or f"{addresses.scm_url}/{slug}/commit/{sha}",
        )

    def build_commit(
        self, addresses: Addresses, part: BuildPart, branch: str, head: Commit | None, number: int
    ) -> Commit | None:
        """Build the commit of a build: the branch's head, unless the build defines a part of the commit itself."""
        own_parts = (part.pipeline, part.message, part.commit, part.author)
        if head and not any(value for value in own_parts):
            return head
        if head is None and part.pipeline is None:
            return None
        pipeline = self.resolve(part.pipeline) if part.pipeline else (head.pipeline if head else Pipeline())
        sha = part.commit or sha_for(part.repo, branch, number)
        login = part.author or (head.author_login if head else part.repo.split("/")[0])
        return Commit(
            sha,
            part.message or f"Work on {branch}",
            pipeline,
            author_login=login,
            author_email=f"{login}@example.com",
            link=addresses.commit_link or f"{addresses.scm_url}/{part.repo}/commit/{sha}",
        )


def _read_text(path: Path | Traversable) -> str:
    try:
        return path.read_bytes().decode("utf-8", "replace")
    except OSError as error:
        raise ScenarioError(f"log {path.name!r} cannot be read: {error}") from error
