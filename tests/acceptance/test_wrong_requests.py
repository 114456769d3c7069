"""Each installed server is asked for what it does not have, by real clients of both eras, over stdio and over HTTP."""

from __future__ import annotations

import itertools
import os
import sys
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import pytest
from mcp import Client
from mcp.shared.exceptions import MCPError
from mcp.types import EmptyResult, Request

from support.http_process import serving
from support.installed import PACKAGES, SERVERS, environment_of
from support.warm import warm_server

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="there are no such signals")

TRANSPORTS = ["stdio", "http"]
ERAS = ["legacy", "auto"]
METHOD_NOT_FOUND, INVALID_PARAMS, HEADER_MISMATCH = -32601, -32602, -32020
PAGE = "a page that there is not"
REPO = {"name": "repo", "value": ""}


@dataclass
class Asked:
    """A server and the client that asks it."""

    client: Client
    transport: str
    era: str

    async def refusal(self, method: str, params: dict[str, Any]) -> tuple[int, str]:
        """Send any request, and return the code and the text of the error that answers it."""
        with pytest.raises(MCPError) as caught:
            await self.client.session.send_request(Request[Any, Any](method=method, params=params), EmptyResult)
        return caught.value.code, caught.value.message


@pytest.fixture(scope="module", params=list(itertools.product(SERVERS, TRANSPORTS, ERAS)), ids="-".join)
async def asked(request: pytest.FixtureRequest) -> AsyncIterator[Asked]:
    name, transport, era = request.param
    async with connected(name, transport, era) as client:
        yield Asked(client, transport, era)


@asynccontextmanager
async def connected(name: str, transport: str, era: Any) -> AsyncIterator[Client]:
    if transport == "http":
        with serving(PACKAGES[name], "--http", "127.0.0.1:0", **environment_of(name)) as process:
            async with process.client(mode=era) as client:
                yield client
        return
    command = warm_server(PACKAGES[name], {**os.environ, **environment_of(name)})
    async with Client(command, mode=era) as client:
        yield client


async def test_what_is_not_there_is_refused_with_the_names_of_what_is(asked: Asked) -> None:
    client = asked.client
    tools = [tool.name for tool in (await client.list_tools()).tools]
    prompts = [prompt.name for prompt in (await client.list_prompts()).prompts]
    resources = [template.uri_template for template in (await client.list_resource_templates()).resource_templates]
    resources += [resource.uri for resource in (await client.list_resources()).resources]
    not_found = -32002 if asked.era == "legacy" else INVALID_PARAMS  # SEP-2164
    for method, params, code, kind, names in (
        ("tools/call", {"name": "nothing"}, INVALID_PARAMS, "tool", tools),
        ("prompts/get", {"name": "nothing"}, INVALID_PARAMS, "prompt", prompts),
        ("resources/read", {"uri": "drone://nothing"}, not_found, "resource", resources),
    ):
        found, said = await asked.refusal(method, params)
        assert (found, method) == (code, method)
        assert f"There is no {kind} " in said
        assert names or f"this server has no {kind}s" in said
        assert [name for name in names if name not in said] == []


@pytest.mark.parametrize(
    "reference", [{"type": "ref/prompt", "name": "nothing"}, {"type": "ref/resource", "uri": "drone://{repo}"}]
)
async def test_nothing_is_completed_of_what_is_not_there(asked: Asked, reference: dict[str, str]) -> None:
    code, said = await asked.refusal("completion/complete", {"ref": reference, "argument": REPO})
    if asked.client.server_capabilities.completions is None:
        assert code == METHOD_NOT_FOUND
    else:
        assert code == INVALID_PARAMS
        assert "There is no" in said


async def test_what_is_malformed_is_refused_as_wrong_parameters(asked: Asked) -> None:
    for method, params in (
        ("tools/call", {}),
        ("prompts/get", {}),
        ("resources/read", {}),
        ("completion/complete", {}),
        ("completion/complete", {"ref": {"type": "ref/nothing"}, "argument": REPO}),
        ("tools/list", {"cursor": PAGE}),
        ("prompts/list", {"cursor": PAGE}),
        ("resources/list", {"cursor": PAGE}),
        ("resources/templates/list", {"cursor": PAGE}),
    ):
        code, said = await asked.refusal(method, params)
        assert (code, method) == (INVALID_PARAMS, method), said


async def test_a_name_that_is_no_text_is_refused(asked: Asked) -> None:
    in_headers = (asked.transport, asked.era) == ("http", "auto")  # where a name stands in a header as well
    for method, params in (
        ("tools/call", {"name": 5}),
        ("prompts/get", {"name": ["watch_build"]}),
        ("resources/read", {"uri": 5}),
    ):
        code, said = await asked.refusal(method, params)
        assert (code, method) == (HEADER_MISMATCH if in_headers else INVALID_PARAMS, method), said


async def test_an_argument_that_a_prompt_does_not_take_is_refused(asked: Asked) -> None:
    for prompt in (await asked.client.list_prompts()).prompts:
        code, said = await asked.refusal("prompts/get", {"name": prompt.name, "arguments": {"nothing": "x"}})
        assert code == INVALID_PARAMS
        assert "nothing: no such argument" in said
