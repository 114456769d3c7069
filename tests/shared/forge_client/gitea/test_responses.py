"""Every response is read as data, or as one of the errors that a server can report."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from ci_mcp_http.response import Response
from ci_mcp_kit.errors import ServiceError
from ci_mcp_kit.sanitize import sanitize
from support.forge_captures import CAPTURES
from support.forge_routes import USED, call_of

if TYPE_CHECKING:
    from ci_mcp_http.call import Call

# One call for each operation.
CALLS: dict[str, Call[Any]] = {call.operation: call for call in (call_of(CAPTURES[number]) for number in USED)}
JSON = st.recursive(
    st.one_of(st.none(), st.booleans(), st.integers(), st.text(max_size=8)),
    lambda inner: st.one_of(
        st.lists(inner, max_size=3),
        st.dictionaries(st.sampled_from(["id", "message", "number", "user", "labels", "state", "login", "sha"]), inner),
    ),
    max_leaves=8,
)
HEADER = st.one_of(
    st.text(max_size=30),
    st.sampled_from(
        [
            *('<x?page=2>; rel="next"', "٣", "-1", "bytes 0-9/10", "bytes 9-0/x", "/api/v1/repos/a/b", "http://[::1"),
            *("text/html", "application/json", "text/plain", "9" * 30, '"tag"'),
        ]
    ),
)
HEADERS = st.dictionaries(
    st.sampled_from(["link", "x-total-count", "content-range", "location", "content-type", "etag", "retry-after"]),
    HEADER,
)
BODIES = st.one_of(st.binary(max_size=50), JSON.map(lambda value: json.dumps(value).encode()))


@given(
    operation=st.sampled_from(sorted(CALLS)),
    status=st.sampled_from([200, 201, 204, 206, 301, 304, 400, 401, 403, 404, 409, 412, 416, 422, 423, 500, 503, 599]),
    headers=HEADERS,
    body=BODIES,
    with_token=st.booleans(),
)
@example(operation="files.read", status=206, headers={"content-range": "bytes ٣-9/10"}, body=b"", with_token=True)
@example(operation="pulls.diff", status=200, headers={}, body=b"\xff\xfe", with_token=False)
def test_no_response_is_too_odd_to_be_data_or_an_error(
    operation: str, status: int, headers: dict[str, str], body: bytes, *, with_token: bool
) -> None:
    call = CALLS[operation]
    response = Response(status=status, headers=headers, body=body, with_token=with_token)
    try:
        call.read(call, response)
    except ServiceError as error:
        refused = error
    else:
        assert 200 <= status < 300
        assert status != 204 or call.operation in {"labels.remove", "pulls.diff", "files.read", "commits.diff"}
        return
    assert len(refused.message) < 1500
    assert sanitize(refused.message) == refused.message
    assert "\n" not in refused.message
    json.dumps(refused.details)


@pytest.mark.parametrize("call", CALLS.values(), ids=lambda call: call.operation)
@pytest.mark.parametrize("status", [401, 403, 404, 500])
def test_an_empty_refusal_names_what_was_asked_for(call: Call[Any], status: int) -> None:
    with pytest.raises(ServiceError) as caught:
        call.read(call, Response(status=status, with_token=True))
    assert caught.value.status == status
    assert caught.value.message
    assert caught.value.next_step
