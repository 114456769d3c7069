"""Replays recorded snapshots through rules, and compares the decisions of two rule files. Pure."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from ci_mcp_kit.outgoing_text import one_line
from drone_mcp_policy.earlier_attempts import History
from drone_mcp_policy.facts import collect_facts
from drone_mcp_policy.next_step import decide

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from drone_mcp_client.models import Build
    from drone_mcp_policy.next_step import Decision
    from drone_mcp_policy.recordings import Snapshot
    from drone_mcp_policy.rules import Rules


@dataclass(frozen=True, slots=True)
class Moment:
    """A snapshot, and the decision of each rule file on it."""

    snapshot: Snapshot
    decisions: tuple[Decision, ...]

    @property
    def is_disputed(self) -> bool:
        """Whether the rule files want different things done."""
        # Another name or reason of a rule makes no difference to an agent.
        return len({(decision.action, decision.wait_seconds) for decision in self.decisions}) > 1


def replay(snapshots: Iterable[Snapshot], files: Sequence[Rules]) -> Iterator[Moment]:
    """Decide about every snapshot, knowing what came before it.

    Later snapshots are those recorded: the restart that a decision asks for is not simulated.
    """
    known: dict[str, dict[int, Build]] = {}
    for snapshot in snapshots:
        builds = known.setdefault(snapshot.repo, {})
        builds[snapshot.build.number] = snapshot.build
        history = History(tuple(builds.values()))
        facts = collect_facts(snapshot.build, repo=snapshot.repo, now=snapshot.at)
        yield Moment(snapshot, tuple(decide(facts, history, rules) for rules in files))


def drop_repeats(moments: Iterable[Moment]) -> Iterator[Moment]:
    """Leave out moments that repeat the previous decision about the same build.

    Drone sends a webhook at the start and the end of each step (harness/drone v2.25.0, operator/manager/updater.go).
    """
    last: dict[tuple[str, int], tuple[object, ...]] = {}
    for moment in moments:
        key = (moment.snapshot.repo, moment.snapshot.build.number)
        said = tuple((d.action, d.rule, d.reason) for d in moment.decisions)
        if last.get(key) != said:
            last[key] = said
            yield moment


def format_moment(moment: Moment, decision: Decision) -> str:
    """Format a decision on one line."""
    snapshot = moment.snapshot
    at = datetime.fromtimestamp(snapshot.at, UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
    build = f"{one_line(snapshot.repo, 100)}#{snapshot.build.number}"
    status = one_line(snapshot.build.status, 40)
    return f"{at}  {build}  {status}  {decision.action}  [{decision.rule}]  {one_line(decision.reason, 200)}"
