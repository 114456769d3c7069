"""Checks a role that is served over HTTP: its address, the caller's token and the tools that it offers."""

from __future__ import annotations

import json
import time
from typing import TYPE_CHECKING, Any, Final
from urllib.parse import urlsplit

import httpx

from ci_mcp_http.addresses import is_exposed
from ci_mcp_kit.http_client_factory import http_client
from ci_mcp_kit.outgoing_text import one_line
from drone_mcp_config.checking.check_result import Check, compare_tools
from drone_mcp_config.plan.model import CALLER_TOKEN

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Mapping

    from drone_mcp_config.plan.making import ExpectedTools
    from drone_mcp_config.plan.model import RemoteServer

PATIENCE: Final = 10.0  # seconds for one answer; a doctor does not let people wait
LONGEST_QUOTE: Final = 300  # characters of the other side's message in ours
# Without a handshake before it: a served role keeps no sessions.
LIST: Final = {"jsonrpc": "2.0", "id": 1, "method": "tools/list"}
# Clients have to accept both (MCP specification, "Transports", Streamable HTTP, Sending Messages to the Server).
# Also of an address or a proxy variable that httpx does not take, and of a header that cannot be encoded.
FAULTS: Final = (httpx.HTTPError, httpx.InvalidURL, OSError, ValueError)
ACCEPT: Final = {"accept": "application/json, text/event-stream"}
WHERE_IT_IS = f"Set {CALLER_TOKEN} to the token from the operator of the served role (any text where it asks for none)"


async def check_address(url: str) -> AsyncIterator[Check]:
    """Check that a process that serves roles answers at `url` and takes requests."""
    if is_exposed(url):
        fix = "Use https:// through a proxy, or reach it through a tunnel"
        yield Check("encryption", "warning", "http to another machine: the token can be read on its way", fix)
    began = time.monotonic()
    try:
        async with http_client(url, timeout=PATIENCE) as http:
            health, ready = [await http.get(f"{url}{path}") for path in ("/healthz", "/readyz")]
    except FAULTS as error:
        fix = "Check --url, the network and the proxy variables, and that `drone-mcp-config serve` runs there"
        yield Check("served role", "failed", f"nothing answers at {url}: {_describe(error)}", fix)
        return
    if health.status_code != httpx.codes.OK or health.text.strip() != "ok":
        detail = f"what answers at {url} is not drone-mcp ({health.status_code} for /healthz)"
        yield Check("served role", "failed", detail, "Correct --url: it is the address without /builds/mcp")
    elif ready.status_code != httpx.codes.OK:
        fix = "It is ending, or its token file is gone: ask again, or look at its log"
        yield Check("served role", "failed", f"{url} answers, but takes no requests at the moment", fix)
    else:
        yield Check("served role", "ok", f"it answers at {url}", seconds=time.monotonic() - began)


async def check_served(server: RemoteServer, tools: ExpectedTools, environment: Mapping[str, str]) -> Check:
    """Ask a served server for its tools, as a client would."""
    try:
        url = server.url.fill(environment)
        headers = {name: value.fill(environment) for name, value in server.headers.items()}
    except KeyError as error:
        variable = error.args[0]
        fix = WHERE_IT_IS if variable == CALLER_TOKEN else f"Set {variable} where the client is started"
        return Check(server.name, "failed", f"not asked: {variable} is not set", fix)
    began = time.monotonic()
    try:
        async with http_client(url, timeout=PATIENCE) as http:
            answer = await http.post(url, json=LIST, headers=ACCEPT | headers)
    except FAULTS as error:
        return Check(
            server.name, "failed", f"it does not answer: {_describe(error)}", "Look at the log of what serves it"
        )
    if answer.status_code != httpx.codes.OK:
        return _refused(server, answer, url)
    return _judge(server, answer.text, tools, time.monotonic() - began)


def _refused(server: RemoteServer, answer: httpx.Response, url: str) -> Check:
    error = _json(answer.text).get("error")
    message = error.get("message") if isinstance(error, dict) else None
    reason = one_line(message, LONGEST_QUOTE) if isinstance(message, str) else "no reason given"
    host = urlsplit(url).hostname
    own = " and ".join(server.token_headers)
    fixes = {
        401: WHERE_IT_IS,
        403: f"Leave --own-token out: {own} is for callers with `drone: caller` in their file",
        404: "The role of this token is another one: give that one as --role, or ask for another token",
        421: f"Add {host} to DRONE_MCP_HTTP_HOSTS where the role is served",
        429: "Wait, or have per_minute raised in the file of callers",
        503: "Look at the log of what serves it",
    }
    fix = fixes.get(answer.status_code, "Look at the log of what serves it")
    return Check(server.name, "failed", f"it refused with {answer.status_code}: {reason}", fix)


def _judge(server: RemoteServer, text: str, tools: ExpectedTools, seconds: float) -> Check:
    result = _json(text).get("result")
    listed = result.get("tools") if isinstance(result, dict) else None
    if not isinstance(listed, list):
        return Check(server.name, "failed", "it answers, and lists no tools", "Correct --url: is it an MCP server?")
    offered = tuple(one_line(str(tool.get("name")), 80) for tool in listed if isinstance(tool, dict))
    fix = "Serve the role as this machine has it: the same version of drone-mcp and the same role file"
    return compare_tools(server.name, offered, tools, fix, seconds) or Check(
        server.name, "ok", f"{len(offered)} tool{'s' if len(offered) != 1 else ''}", seconds=seconds
    )


def _json(text: str) -> dict[str, Any]:
    """Return an answer, which comes as JSON or as the one event of a stream."""
    _, event, data = text.partition("data: ")
    try:
        found = json.loads(data.partition("\n")[0] if event and not text.lstrip().startswith("{") else text)
    except ValueError:
        return {}
    return found if isinstance(found, dict) else {}


def _describe(error: Exception) -> str:
    """Describe an error of the transport without quoting the request: an encoding error holds the value of a header."""
    if isinstance(error, UnicodeEncodeError):
        return "a header holds a character that no header may"
    return one_line(str(error) or type(error).__name__, LONGEST_QUOTE)
