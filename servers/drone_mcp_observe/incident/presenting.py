"""Makes the answer about an incident. Pure."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from drone_mcp_build.build_wording import SHORT_COMMIT, clean_name
from drone_mcp_build.iso_time import format_time
from drone_mcp_build.refs import branch_of
from drone_mcp_deployments.history import find_source, name_commits
from drone_mcp_observe.durations import count, format_duration
from drone_mcp_observe.incident.symptoms import rank
from drone_mcp_observe.views import IncidentDeployment, IncidentView, SymptomItem

if TYPE_CHECKING:
    from collections.abc import Sequence

    from drone_mcp_client.models import Build
    from drone_mcp_observe.incident.reading import Incident, Question
    from drone_mcp_observe.incident.symptoms import Ranked

_MOST_SYMPTOMS: Final = 10
_MOST_DEPLOYMENTS: Final = 4
_MOST_COMMITS: Final = 5
_NO_DEPLOYMENT: Final = "no deployment of this target is known"
_QUIET: Final = "Nothing new goes wrong in this time, as far as these sources say"


def present_incident(question: Question, incident: Incident) -> IncidentView:
    """Present symptoms and deployments."""
    ranked = rank(incident.symptoms, incident.deployments)
    shown = incident.deployments[:_MOST_DEPLOYMENTS]
    more, older = len(ranked) - _MOST_SYMPTOMS, len(incident.deployments) - len(shown)
    parts = [count(more, "more symptom")] if more > 0 else []
    parts += [count(older, "older deployment")] if older > 0 else []
    return IncidentView(
        repo=clean_name(question.repo),
        target=clean_name(question.target),
        start=format_time(round(question.time.start)),
        end=format_time(round(question.time.end)),
        summary=_summarize(ranked, incident),
        symptoms=tuple(_present_symptom(one) for one in ranked[:_MOST_SYMPTOMS]),
        deployments=tuple(_present_deployment(one, incident, ranked) for one in shown),
        left_out="; ".join(parts),
        note="; ".join(incident.notes),
    )


def _summarize(ranked: Sequence[Ranked], incident: Incident) -> str:
    new = [one for one in ranked if one.symptom.is_new]
    if not new:
        return _QUIET
    first = min(new, key=lambda one: one.symptom.at)
    began = f"The first new symptom ({first.symptom.kind}) began at {format_time(round(first.symptom.at))}"
    if first.after is None or first.delay is None:
        return f"{began}, before all known deployments" if incident.deployments else f"{began}; {_NO_DEPLOYMENT}"
    together = sum(one.after is first.after for one in new)
    return (
        f"{began}, {format_duration(first.delay)} after deployment {first.after.number} "
        f"({clean_name(first.after.after)[:SHORT_COMMIT]}) did; of {len(new)} new symptoms {together} began after it "
        "and before the next deployment"
    )


def _present_symptom(one: Ranked) -> SymptomItem:
    after = f"{format_duration(one.delay)} after {one.after.number}" if one.after and one.delay is not None else ""
    return SymptomItem(
        kind=one.symptom.kind,
        at=format_time(round(one.symptom.at)),
        new=one.symptom.is_new,
        what=one.symptom.text,
        after=after,
    )


def _present_deployment(build: Build, incident: Incident, ranked: Sequence[Ranked]) -> IncidentDeployment:
    index = incident.deployments.index(build)
    before = incident.deployments[index + 1] if index + 1 < len(incident.deployments) else None
    older, newer = (find_source(one, incident.builds) if one else 0 for one in (before, build))
    commits = name_commits(branch_of(build), incident.builds, older, newer) if older else ()
    more = len(commits) - _MOST_COMMITS
    return IncidentDeployment(
        number=build.number,
        event=build.event,
        status=build.status,
        at=format_time(build.started),
        by=clean_name(build.trigger or build.sender),
        commit=clean_name(build.after)[:SHORT_COMMIT],
        source=newer or None,
        commits=(*commits[:_MOST_COMMITS], *((f"and {more} more",) if more > 0 else ())),
        new_symptoms=sum(one.after is build and one.symptom.is_new for one in ranked),
    )
