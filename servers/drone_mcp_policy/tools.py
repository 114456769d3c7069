"""The tools: arguments in, one or few calls, a view out."""

from __future__ import annotations

from functools import cached_property
from typing import TYPE_CHECKING, Annotated

from pydantic import Field

from ci_mcp_kit.tools import tool
from ci_mcp_logs.diagnosis.verdicts import Confidence, FailureClass, Judgement
from drone_mcp_build.access import resolve_address
from drone_mcp_policy.views import DecisionView, ExplanationView

if TYPE_CHECKING:
    from collections.abc import Callable

    from drone_mcp_known.client_and_store import KnownAccess
    from drone_mcp_known.known import Observation
    from drone_mcp_policy.next_step import Evaluation
    from drone_mcp_policy.rules import Rules
    from drone_mcp_policy.settings import PolicySettings

RepoArgument = Annotated[str | None, Field(description="owner/name or Drone URL; default: DRONE_REPO or git remote")]
Number = Annotated[int | None, Field(ge=1, description="1+; default: newest of the default branch")]
FailureClassArgument = Annotated[
    FailureClass | None,
    Field(description="kind that a diagnosis of the log found; default: what Drone itself says"),
]
ConfidenceArgument = Annotated[Confidence, Field(description="of that diagnosis; low is no ground for a retry")]


class PolicyTools:
    """All tools of this server. `clock` gives the Unix time."""

    def __init__(self, access: KnownAccess, settings: PolicySettings, clock: Callable[[], float]) -> None:
        self._access = access
        self._settings = settings
        self._clock = clock

    @cached_property
    def rules(self) -> Rules:
        """The rules in force, read at first use."""
        return self._settings.rules()

    @tool(title="Decide what to do next", schema="decision/1")
    async def drone_evaluate_build(
        self,
        repo: RepoArgument = None,
        number: Number = None,
        failure_class: FailureClassArgument = None,
        confidence: ConfidenceArgument = "medium",
    ) -> DecisionView:
        """What to do next about a build: wait, continue, collect logs and stop, retry. Changes nothing."""
        _, view = await self._decided(repo, number, _judgement(failure_class, confidence))
        return view

    @tool(title="Explain a decision", schema="explanation/1")
    async def drone_explain_policy(
        self,
        repo: RepoArgument = None,
        number: Number = None,
        failure_class: FailureClassArgument = None,
        confidence: ConfidenceArgument = "medium",
    ) -> ExplanationView:
        """Which rules looked at a build, and why each of them did or did not match."""
        from drone_mcp_policy.presenting import explanation_view  # noqa: PLC0415 - on first use, to start fast

        evaluation, view = await self._decided(repo, number, _judgement(failure_class, confidence))
        return explanation_view(evaluation, view, self.rules.source)

    async def _decided(
        self, repo: str | None, number: int | None, diagnosed: Judgement | None
    ) -> tuple[Evaluation, DecisionView]:
        from drone_mcp_policy.attempt_history import read_history  # noqa: PLC0415 - on first use, to start fast
        from drone_mcp_policy.earlier_attempts import History  # noqa: PLC0415 - likewise
        from drone_mcp_policy.facts import collect_facts  # noqa: PLC0415 - likewise
        from drone_mcp_policy.next_step import evaluate, may_retry  # noqa: PLC0415 - likewise
        from drone_mcp_policy.presenting import decision_view, with_origin  # noqa: PLC0415 - likewise

        what = resolve_address(self._access, repo, number)
        observation, note = await self._observe(what.repo, what.number)
        build = observation.build if observation else None
        limit = await self._access.builds.time_limit(what.repo, build) if build else 0
        facts = collect_facts(build, repo=what.repo, now=int(self._clock()), diagnosed=diagnosed, limit=limit)
        history = History()
        # Most decisions need no history, which costs several requests.
        if build is not None and may_retry(facts, self.rules):
            history = await read_history(self._access, what.repo, build)
        evaluation = evaluate(facts, history, self.rules)
        view = decision_view(evaluation.decision, build, what.repo, self._settings.role_tools, note)
        return evaluation, with_origin(view, observation)

    async def _observe(self, repo: str, number: int | None) -> tuple[Observation | None, str]:
        """Return the build, or without a number the newest one, and a note; None where nothing has been built yet."""
        from drone_mcp_known.known import OF_ANY_REF  # noqa: PLC0415 - on first use, to start fast
        from drone_mcp_known.reader import NoBuilds  # noqa: PLC0415 - likewise

        if number is not None:
            return await self._access.builds.build(repo, number), ""
        try:
            observation = await self._access.builds.newest(repo)
        except NoBuilds:
            found = await self._access.known.repo(repo)
            inactive = found is not None and not found.active
            note = "; it is not active in Drone, so a push makes none: have it activated" if inactive else ""
            return None, f"The repository has no builds yet{note}"
        return observation, OF_ANY_REF if observation.of_any_ref else ""


def _judgement(failure_class: FailureClass | None, confidence: Confidence) -> Judgement | None:
    return Judgement(failure_class, confidence) if failure_class else None
