"""What a status page says of deliveries and of the comparison with Drone."""

from __future__ import annotations

from drone_mcp_state.records import FeedHealth
from drone_mcp_status.health import feed_checks

NOW = 1_795_255_000.0


def said(feed: FeedHealth) -> list[tuple[str, str]]:
    return [(check.condition, check.text) for check in feed_checks(feed, NOW)]


def test_a_receiver_that_has_just_been_set_up_has_seen_nothing_yet() -> None:
    assert said(FeedHealth(last_event=None, last_reconciliation=None)) == [
        ("off", "None has arrived yet."),
        ("off", "None yet: lost deliveries stay lost."),
    ]


def test_deliveries_that_have_stopped_are_a_warning_that_says_where_answers_come_from() -> None:
    (deliveries, comparison) = said(FeedHealth(last_event=NOW - 86_400, last_reconciliation=NOW - 3_600))
    assert deliveries[0] == "warning"
    assert deliveries[1].endswith("answers about running builds come from Drone until the next one.")
    assert (comparison[0], comparison[1].startswith("The last one ended ")) == ("good", True)


def test_deliveries_that_arrive_are_good() -> None:
    assert said(FeedHealth(last_event=NOW - 1, last_reconciliation=NOW))[0][0] == "good"
