"""Rules tried on what happened: the decision at each snapshot, and where two rule files differ. Pure."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from ci_mcp_kit.cleaning import one_line
from drone_mcp_policy.attempts import History
from drone_mcp_policy.deciding import decide
from drone_mcp_policy.facts import collect_facts

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from drone_mcp_client.models import Build
    from drone_mcp_policy.deciding import Decision
    from drone_mcp_policy.recordings import Snapshot
    from drone_mcp_policy.rules import Rules


@dataclass(frozen=True, slots=True)
class Moment:
    """A snapshot and what each rule file decides about it."""

    snapshot: Snapshot
    decisions: tuple[Decision, ...]

    @property
    def is_disputed(self) -> bool:
        """Whether the rule files want different things done."""
        return len({(decision.action, decision.wait_seconds) for decision in self.decisions}) > 1


def replay(snapshots: Iterable[Snapshot], files: Sequence[Rules]) -> Iterator[Moment]:
    """Decide about every snapshot, knowing what came before it.

    What happened afterwards is what did happen: a retry that rules would make is not made up.
    """
    known: dict[str, dict[int, Build]] = {}
    for snapshot in snapshots:
        builds = known.setdefault(snapshot.repo, {})
        builds[snapshot.build.number] = snapshot.build
        history = History(tuple(builds.values()))
        facts = collect_facts(snapshot.build, repo=snapshot.repo, now=snapshot.at)
        yield Moment(snapshot, tuple(decide(facts, history, rules) for rules in files))


def drop_repeats(moments: Iterable[Moment]) -> Iterator[Moment]:
    """Leave out the moments at which nothing else is decided about a build than just before."""
    last: dict[tuple[str, int], tuple[object, ...]] = {}
    for moment in moments:
        key = (moment.snapshot.repo, moment.snapshot.build.number)
        said = tuple((d.action, d.rule, d.reason) for d in moment.decisions)
        if last.get(key) != said:
            last[key] = said
            yield moment


def format_moment(moment: Moment, decision: Decision) -> str:
    """Tell a decision on one line."""
    snapshot = moment.snapshot
    at = datetime.fromtimestamp(snapshot.at, UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
    build = f"{one_line(snapshot.repo, 100)}#{snapshot.build.number}"
    status = one_line(snapshot.build.status, 40)
    return f"{at}  {build}  {status}  {decision.action}  [{decision.rule}]  {one_line(decision.reason, 200)}"
