from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ci_mcp_http.response import LONGEST_QUOTE, Response, json_parser, parse_body, quote_service
from ci_mcp_kit.errors import UnexpectedAnswer
from support.forge import FORGE


def test_a_body_is_parsed_as_its_type() -> None:
    response = Response(status=200, body=b'{"number": 7}')
    assert parse_body(json_parser(dict[str, int]), response, "issue 7", FORGE) == {"number": 7}


@pytest.mark.parametrize("body", [b'{"number":"s3cret', b"[]", b'{"number": "s3cret"}', b"\xff\xfe", b"", b"[" * 9999])
def test_a_body_that_does_not_parse_is_unexpected_and_not_quoted(body: bytes) -> None:
    with pytest.raises(UnexpectedAnswer, match="does not read as issue 7") as caught:
        parse_body(json_parser(dict[str, int]), Response(status=200, body=body), "issue 7", FORGE)
    error = caught.value
    assert (error.status, error.service) == (200, FORGE)
    assert "s3cret" not in error.message
    assert error.__context__ is None


def test_the_reason_of_a_parser_of_ones_own_is_reported() -> None:
    def parse(_: bytes) -> Any:
        raise ValueError("no whole list of writes")

    with pytest.raises(UnexpectedAnswer, match="as the log: no whole list of writes") as caught:
        parse_body(parse, Response(status=200), "the log", FORGE)
    assert caught.value.__context__ is None


@given(st.text(max_size=5000))
def test_words_of_a_service_are_one_bounded_line(text: str) -> None:
    assert "\n" not in quote_service(text)
    assert len(quote_service(text)) <= LONGEST_QUOTE


def test_words_of_a_service_cannot_hide_anything() -> None:
    assert quote_service("  bad\n\x1b[31mred\u202e \u200b\tend ") == "bad red end"
    assert quote_service("x" * 301) == "x" * 299 + "…"
