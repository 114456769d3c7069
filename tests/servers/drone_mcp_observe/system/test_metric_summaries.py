"""Metrics of a real Prometheus."""

from __future__ import annotations

from typing import Any

import pytest

from ci_mcp_kit.token_count import count_tokens


async def ask(watch: Any, address: str, **arguments: Any) -> Any:
    async with watch(PROMETHEUS_SERVER=address) as lookout:
        return await lookout.call("drone_query_metrics", **arguments)


async def test_each_series_is_summarised_by_its_extremes_its_last_value_and_a_line(watch: Any, prometheus: str) -> None:
    answer = await ask(watch, prometheus, query="http_errors", since="1h")
    shop, blog = answer.data["items"]
    assert answer.data["common"] == "http_errors{code=500, env=production}"
    assert (shop["labels"], shop["min"], shop["max"], shop["last"]) == ("{service=shop}", 0, 6, 5)
    assert (blog["labels"], blog["min"], blog["max"], blog["last"]) == ("{service=blog}", 1, 1, 1)
    assert shop["drawn"].startswith("▁▁▁▁▁▁▁▁")
    assert shop["drawn"].endswith("███")
    assert blog["drawn"] == "▄" * 16


async def test_an_instant_has_one_value_of_each_series(watch: Any, prometheus: str) -> None:
    answer = await ask(watch, prometheus, query="sum by (service) (http_errors)", mode="instant")
    assert answer.data["items"] == [
        {"labels": "{service=shop}", "last": 5.0},
        {"labels": "{service=blog}", "last": 1.0},
    ]


async def test_a_scalar_is_a_value_without_labels(watch: Any, prometheus: str) -> None:
    answer = await ask(watch, prometheus, query="1 + 1", mode="instant")
    assert answer.data["items"] == [{"labels": "", "last": 2.0}]


async def test_labels_are_listed_with_their_values_for_who_knows_no_names(watch: Any, prometheus: str) -> None:
    answer = await ask(watch, prometheus, query='{__name__!=""}', mode="labels")
    listed = [one["labels"] for one in answer.data["items"]]
    assert listed[0] == "__name__: http_errors, pods"
    assert "service: blog, shop" in listed
    assert any(one.startswith("pod: pod-") and one.endswith("300 in all") for one in listed)


async def test_hundreds_of_series_with_long_labels_fit_the_budget(watch: Any, prometheus: str) -> None:
    answer = await ask(watch, prometheus, query="pods", since="2d")
    assert answer.data["series"] == 300
    assert len(answer.data["items"]) == 10
    assert answer.data["items"][0]["labels"] == "{pod=pod-299}"
    assert answer.data["left_out"] == "290 more series: narrow the query, or use topk"
    assert count_tokens(answer.text) <= 2_000


async def test_an_empty_result_says_how_to_find_what_there_is(watch: Any, prometheus: str) -> None:
    answer = await ask(watch, prometheus, query="nothing_like_it")
    assert answer.data["items"] == []
    assert "labels lists what there is" in answer.data["note"]


async def test_a_wrong_query_is_refused_with_the_words_of_prometheus(watch: Any, prometheus: str) -> None:
    answer = await ask(watch, prometheus, query="sum(((")
    assert answer.code == "INVALID_INPUT"
    _, refused, words = answer.data["message"].partition("Prometheus refuses the query: ")
    assert refused
    # Prometheus 3 says before it which parameter is meant.
    assert words.removeprefix('invalid parameter "query": ').startswith("1:7: parse error: unclosed left parenthesis")


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        ({"since": "soon"}, "since says how long ago: it takes a number with s, m, h or d"),
        ({"since": "1h", "until": "2h"}, "until lies before since"),
    ],
)
async def test_times_that_cannot_be_right_are_refused_before_anything_is_asked(
    watch: Any, arguments: dict[str, str], told: str
) -> None:
    answer = await ask(watch, "http://127.0.0.1:1", query="up", **arguments)
    assert answer.code == "INVALID_INPUT"
    assert told in answer.data["message"]


async def test_without_a_prometheus_the_variable_to_set_is_named(watch: Any) -> None:
    async with watch() as lookout:
        answer = await lookout.call("drone_query_metrics", query="up")
    assert answer.code == "INVALID_INPUT"
    assert answer.data["message"] == "This server knows no Prometheus to ask"
    assert answer.data["next_step"] == "Have the operator of this server set PROMETHEUS_SERVER"
