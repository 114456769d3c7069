"""Whatever builds Drone sends, the queue, the trends and the alerts have an answer within the budget."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from ci_mcp_kit.answer import to_json
from ci_mcp_kit.token_count import count_tokens
from drone_mcp_client.models import Build, Repo
from drone_mcp_observe.ci_alerts.presenting import present_alerts
from drone_mcp_observe.ci_alerts.rules import CiState, RepoState
from drone_mcp_observe.ci_alerts.rules_file import read_rules
from drone_mcp_observe.ci_alerts.state_reader import StateReading
from drone_mcp_observe.history import History
from drone_mcp_observe.queue.presenting import present_queue
from drone_mcp_observe.queue.reading import Place, QueueReading
from drone_mcp_observe.queue.reasons import explain_wait, gather_evidence
from drone_mcp_observe.trends.presenting import present_trends
from support.made_builds import T0, any_builds, any_stages, made_repo

if TYPE_CHECKING:
    from drone_mcp_client.models import Stage
    from drone_mcp_observe.trends.measures import Grouping

BUDGET = 2_000
NOW = T0 + 7_200.0
many_builds = st.lists(any_builds, max_size=4)
many_stages = st.lists(any_stages, max_size=20)
slow = settings(max_examples=20, suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large])


@slow
@given(many_stages, many_stages, st.booleans())
def test_every_waiting_stage_has_a_reason(open_stages: list[Stage], ended: list[Stage], whole: bool) -> None:
    queue = [stage for stage in open_stages if stage.status in {"pending", "running"}]
    evidence = gather_evidence(queue, ended, NOW)
    for stage in queue:
        assert explain_wait(stage, evidence).why
    places = {stage.build_id: Place("octo/hello", 7) for stage in queue}
    view = present_queue(QueueReading(evidence, places, is_whole=whole), lambda _: True, 15)
    assert view.pending + view.running == len(queue)
    assert all(bool(one.reason) == (one.status == "pending") for one in view.stages)
    assert count_tokens(to_json(view)) <= BUDGET


@slow
@pytest.mark.parametrize("by", ["repo", "branch", "stage", "step"])
@given(builds=many_builds)
def test_any_builds_have_trends(by: Grouping, builds: list[Build]) -> None:
    view = present_trends([History("octo/hello", tuple(builds))], by, T0 - 86_400.0, NOW, 10)
    assert view.builds == len(builds)
    assert count_tokens(to_json(view)) <= BUDGET


@slow
@given(many_builds)
def test_the_alert_rules_can_be_asked_of_any_builds(builds: list[Build]) -> None:
    repo = Repo.model_validate(made_repo("octo/hello"))
    state = CiState((RepoState(repo, tuple(builds)),), T0, NOW)
    view = present_alerts(StateReading(state, 0), read_rules(), "the rules", 15)
    assert "feed-silent" in {alert.alert for alert in view.alerts}
    assert count_tokens(to_json(view)) <= BUDGET
