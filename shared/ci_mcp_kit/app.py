"""Builds a server from its parts, and runs its console command."""

from __future__ import annotations

import argparse
import gc
import logging
import os
import sys
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Protocol

from mcp.server.caching import CacheHint
from mcp.server.mcpserver import MCPServer, RequestStateSecurity

from ci_mcp_kit import access_check, logs, observing_middleware, pipes, sdk_internals, stdio_serving, telemetry
from ci_mcp_kit.errors import InvalidInput
from ci_mcp_kit.front.takeover import Handover
from ci_mcp_kit.hidden_tools import ToolScopes
from ci_mcp_kit.http_settings import HTTP_VARIABLES, HttpSettings
from ci_mcp_kit.misconfiguration_notice import NEXT_STEP, notice
from ci_mcp_kit.outgoing_text import Cleaner
from ci_mcp_kit.product_version import VERSION
from ci_mcp_kit.redact import Redactor
from ci_mcp_kit.resources_and_prompts import (
    Completer,
    add_completion,
    add_prompts,
    add_resources,
    prompt_names,
    protocol_error,
    resource_addresses,
)
from ci_mcp_kit.settings import ProcessSettings
from ci_mcp_kit.tools import TOOL_MARK, Declared, make_tool, marked
from ci_mcp_kit.unknown_names import Offer
from ci_mcp_kit.variables import SettingsError, offered_tools, refuse_unknown_tools

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Awaitable, Callable, Collection, Mapping
    from contextlib import AbstractAsyncContextManager

    from mcp.server.context import CallNext, HandlerResult, ServerMiddleware, ServerRequestContext

    from ci_mcp_kit.access_check import AccessCheck
    from ci_mcp_kit.errors import ServiceError
    from ci_mcp_kit.guard.spec import GuardSpec

logger = logging.getLogger(__name__)

BAD_SETTINGS = 2  # the exit status, as argparse has it for wrong arguments
STATE_LIFE = 300.0  # seconds that a person has to answer a question, as in `guard.confirmation_tokens`

# Lists depend on the installation and the allow-list alone, both fixed while the process lives; where `find_lacking` is
# given, the list of tools depends on a token, too. In milliseconds: an hour, and a minute. Private, because a cache
# between clients would show the tools of one role to another.
_FIXED = CacheHint(ttl_ms=3_600_000, scope="private")
_CHANGING = CacheHint(ttl_ms=60_000, scope="private")
_CACHE_HINTS: dict[Any, CacheHint] = {
    "tools/list": _FIXED,
    "prompts/list": _FIXED,
    "resources/list": _FIXED,
    "resources/templates/list": _FIXED,
}


class Access(Protocol):
    """The access of a server's tools to their service, as the server itself needs it."""

    clean: Cleaner

    async def notice(self) -> str:
        """Return the notice that precedes every answer, "" for none."""

    async def close(self) -> None:
        """Close what was opened."""


@dataclass(frozen=True)
class ServerSpec:
    """The description of a server.

    Attributes:
        name: as in a client's configuration, like "slipway-releases"; at most 20 characters, no underscore or dot.
        title: for people.
        description: one sentence.
        instructions: when to use it, rich in the words that a search for tools would use.
        package: its import package.
        command: its console script.
        settings: what it reads from its environment.
        guard: what is guarded in it, for a server that writes.
        scopes: tool -> the scopes that a token needs for it, where the service limits tokens by scopes.
        commands: what else its console script does, and how it is called: (call, purpose).
        probe: the tool whose call without arguments shows whether the service answers this user; "" if none does.
        check: asks the service what the tokens of the settings may do, for `--check-access`; None where nothing tells.
    """

    name: str
    title: str
    description: str
    instructions: str
    package: str
    command: str
    settings: type[ProcessSettings] = ProcessSettings
    guard: GuardSpec | None = None
    scopes: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    commands: tuple[tuple[str, str], ...] = ()
    probe: str = ""
    check: AccessCheck | None = None


def build_server(
    spec: ServerSpec,
    settings: ProcessSettings,
    access: Access,
    *parts: object,
    complete: Completer | None = None,
    seal: bytes | None = None,
    hidden: Collection[str] = (),
    find_lacking: Callable[[], Awaitable[frozenset[str]]] | None = None,
) -> MCPServer[Any]:
    """Return the server of `spec` with the tools, resources and prompts that `parts` declare.

    Args:
        spec: what the server is.
        settings: of the process.
        access: to what the tools ask; closed at the end.
        parts: objects with marked methods.
        complete: completes arguments.
        seal: the key for state that a client carries between two rounds of a call; None: one of the process's own.
        hidden: names of arguments that no tool takes in this process.
        find_lacking: asks the service for which tools the tokens lack a scope, so that the list leaves them out.

    Raises:
        SettingsError: DRONE_MCP_TOOLS names a tool that this server does not have.
    """
    functions = _allowed(spec, settings, parts)
    refusal = _refusal(settings.fault) if settings.fault else None
    tools = tuple(function.__name__ for function in functions)
    # In a wrong environment nothing is asked, and every tool is listed.
    scopes = ToolScopes(None if refusal else find_lacking) if find_lacking else None
    offer = Offer(tools, prompt_names(parts, tools), resource_addresses(parts, tools))
    with sdk_internals.without_rich():
        server = MCPServer[Any](
            spec.name,
            title=spec.title,
            description=spec.description,
            instructions=notice(settings.fault, spec.instructions) if settings.fault else spec.instructions,
            version=VERSION,
            tools=[make_tool(function, access.clean, refusal, access.notice, hidden) for function in functions],
            # For the root logger, which the SDK sets up here and `logs.configure` replaces later.
            log_level="WARNING",
            lifespan=_lifespan(access, scopes),
            cache_hints=_CACHE_HINTS | ({"tools/list": _CHANGING} if scopes else {}),
            subscriptions=scopes.bus if scopes else None,
            request_state_security=RequestStateSecurity(keys=[seal], ttl=STATE_LIFE) if seal else None,
            middleware=[
                offer.refuse_unknown,
                *([scopes.filter_list] if scopes else []),
                *([_refuse_requests(refusal, access.clean)] if refusal else []),
            ],
        )
    # Outermost, so that what the other middleware refuses is observed as well.
    observing_middleware.watch(server, spec.name, {"tools/call": offer.tools, "prompts/get": offer.prompts})
    for part in parts:
        add_resources(server, part, offer.tools, access.clean)
        add_prompts(server, part, offer.tools, access.clean)
    if complete is not None:
        add_completion(server, complete, offer, access.clean)
    return server


def _lifespan(
    access: Access, scopes: ToolScopes | None
) -> Callable[[MCPServer[Any]], AbstractAsyncContextManager[dict[str, Any]]]:
    """Return the lifespan of a server: at its end `scopes` and `access` are closed."""

    async def close() -> None:
        if scopes is not None:
            await scopes.close()
        await access.close()

    @asynccontextmanager
    async def lifespan(_: MCPServer[Any]) -> AsyncIterator[dict[str, Any]]:
        try:
            yield {}
        finally:
            await stdio_serving.finish(close)

    return lifespan


def _allowed(spec: ServerSpec, settings: ProcessSettings, parts: tuple[object, ...]) -> list[Callable[..., Any]]:
    """Return the tools of `parts` that DRONE_MCP_TOOLS lets through, in the order they are written."""
    known = {function.__name__: function for part in parts for function, _ in marked(part, TOOL_MARK, Declared)}
    if settings.fault is None:
        refuse_unknown_tools(spec.name, known, settings.tools)
    return [known[name] for name in offered_tools(known, settings.tools)]


def _refusal(fault: SettingsError) -> InvalidInput:
    """Return the answer to every call of a server whose environment is wrong."""
    return InvalidInput(str(fault), next_step=NEXT_STEP, details={"variable": fault.variable})


def _refuse_requests(refusal: ServiceError, clean: Cleaner) -> ServerMiddleware[Any]:
    """Return a middleware that answers requests for resources, prompts and completions with an error."""

    async def refuse(ctx: ServerRequestContext[Any, Any], call_next: CallNext) -> HandlerResult:
        if ctx.method in {"resources/read", "resources/subscribe", "prompts/get", "completion/complete"}:
            raise protocol_error(refusal, clean)
        return await call_next(ctx)

    return refuse


def run(
    spec: ServerSpec,
    create: Callable[[Any], MCPServer[Any]],
    handover: Handover | None = None,
) -> None:
    """Run the console command of `spec`: serve over stdin and stdout until the client is gone, or over HTTP.

    A server over stdin and stdout serves in a wrong environment, too, and reports the fault
    (`misconfiguration_notice`). Once the server is made, the variables that are for writing alone are removed from the
    environment, so that no child process inherits them. Called with `audit`, a server that writes looks at an audit
    file instead.

    Exits with 0 when the client ended it (end of input, SIGINT or SIGTERM); with 2 and one line on stderr where the
    environment or the address is wrong, over HTTP and with --check-environment.

    Args:
        spec: of the server.
        create: makes it from settings of the spec's type; raises SettingsError where they name what it has not.
        handover: the conversation that it takes over.
    """
    if spec.guard is not None and sys.argv[1:2] == ["audit"]:
        from ci_mcp_kit.guard import audit_command  # noqa: PLC0415 - a server has no use for it

        sys.exit(audit_command.main(spec.command, spec.guard.variable("key"), sys.argv[2:]))
    options = _parser(spec).parse_args()
    try:
        http = HttpSettings.read(options.http, os.environ) if options.http else None
        settings = spec.settings.from_environment(os.environ)
        server = create(settings)
        serve = _server_of(http, handover)
    except SettingsError as error:
        # The front may have written the same line already.
        if handover is None or not handover.reported:
            pipes.write_at_once(pipes.STDERR, f"{spec.command}: {error}\n".encode())
        if options.http or options.check_environment or options.check_access:
            sys.exit(BAD_SETTINGS)
        http, settings = None, spec.settings.of_wrong(os.environ, error)
        server, serve = create(settings), _server_of(None, handover)
    if options.check_environment:
        return
    if spec.check is not None and options.check_access:
        sys.exit(access_check.run_check(spec.check, settings, Cleaner(Redactor(settings.secrets))))
    # Also in a server that only reads: a client may give all its servers the same environment.
    for name in settings.write_secrets:
        os.environ.pop(name, None)
    # Only now, because the redactor of the log has to know every secret. Whatever fails before is one line on stderr.
    callers = http.secrets if http else list
    logs.configure(settings, Cleaner(Redactor(lambda: settings.secrets() + callers())))
    for warning in [] if settings.fault else settings.warnings():
        logger.warning(warning)
    telemetry.start(spec.command, os.environ, over_http=http is not None)
    gc.freeze()  # what the start has made stays; collecting (off meanwhile, see ci_mcp_kit.front) begins after it
    gc.enable()
    serve(server)
    telemetry.flush(telemetry.AT_STOP if http else telemetry.AT_END)


def _server_of(http: HttpSettings | None, handover: Handover | None) -> Callable[[MCPServer[Any]], None]:
    """Return what serves a server: over stdin and stdout, or at an address that is taken now."""
    if http is None:
        return lambda server: stdio_serving.serve(server, handover or Handover())
    from ci_mcp_kit import http_serving  # noqa: PLC0415 - brings an HTTP server, which stdio never needs

    places = http_serving.take(http)
    return lambda server: http_serving.run_server(server, http, places)


# Of every server that writes.
_AUDIT_COMMANDS = (
    ("audit show FILE [--last NUMBER]", "print the newest lines of an audit file, and check whether it is unchanged"),
    ("audit verify FILE [--head HEAD]", "check whether an audit file is unchanged"),
)
_TELEMETRY = "OTEL_EXPORTER_OTLP_ENDPOINT and OpenTelemetry's other variables turn traces and metrics on."


def _parser(spec: ServerSpec) -> argparse.ArgumentParser:
    variables = (*spec.settings.variables, *HTTP_VARIABLES)
    width = max(len(variable.name) for variable in variables)
    rows = [
        f"  {v.name:{width}}  {v.takes}{f' (default: {v.default})' if v.default else ''}".rstrip() for v in variables
    ]
    every = (*spec.commands, *(_AUDIT_COMMANDS if spec.guard else ()))
    commands = [f"  {spec.command} {call}\n      {purpose}" for call, purpose in every]
    also = ["commands:", *commands, ""] if commands else []
    parser = argparse.ArgumentParser(
        prog=spec.command,
        description=f"{spec.description} An MCP server that speaks over stdin and stdout; an MCP client starts it. "
        "With --http it serves many clients at /mcp of an address.",
        epilog="\n".join([*also, "environment:", *rows, "", _TELEMETRY]),
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("--version", action="version", version=f"{spec.command} {VERSION}")
    parser.add_argument(
        "--check-environment", action="store_true", help="only check the environment; the status is 2 where it is wrong"
    )
    if spec.check is not None:
        help_text = (
            "only ask the service what each token may do, a line of JSON each; the status is 1 where it is too little"
        )
        parser.add_argument(access_check.FLAG, action="store_true", help=help_text)
    parser.set_defaults(check_access=False)
    parser.add_argument("--http", metavar="ADDRESS:PORT", help="serve over HTTP, for example at 127.0.0.1:8080")
    return parser
