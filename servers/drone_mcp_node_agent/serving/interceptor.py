"""What every RPC passes: its token, its role, the audit log, and the shape of its error."""

from __future__ import annotations

import logging
from collections.abc import AsyncGenerator, AsyncIterator, Awaitable, Callable
from contextlib import aclosing, asynccontextmanager
from typing import TYPE_CHECKING, Any, Final

import grpc
import grpc.aio
from typing_extensions import override

from ci_mcp_kit import logs
from ci_mcp_kit.errors import AuthenticationFailed, PermissionDenied, RateLimited, ServiceError, ServiceFailed
from ci_mcp_kit.outgoing_text import one_line
from drone_mcp_node_agent.auth.callers import (
    SERVICE,
    Caller,
    changes_something,
    may_call,
    needed_roles,
    set_current,
)
from drone_mcp_nodes_api.errors import to_status

if TYPE_CHECKING:
    from typing import TypeAlias

    from drone_mcp_node_agent.auth.audit import Audit
    from drone_mcp_node_agent.auth.callers import Authenticator

    Handler: TypeAlias = grpc.RpcMethodHandler[Any, Any]  # generic in its stubs alone

logger = logging.getLogger(__name__)

Context = grpc.aio.ServicerContext[Any, Any]
Unary = Callable[[Any, Context], Awaitable[Any]]
Stream = Callable[[Any, Context], AsyncGenerator[Any, None]]

LONGEST_TOKEN: Final = 8192
LONGEST_FACT: Final = 200
UNKNOWN: Final = "-"  # the caller of a call without a valid token


class EveryCall(grpc.aio.ServerInterceptor):
    """Authenticates, authorises and records every call, and turns its error into a status.

    Args:
        authenticator: finds the owner of a token.
        audit: takes a line for each call.
        streams: how many streams may be open at a time.
    """

    def __init__(self, authenticator: Authenticator, audit: Audit, streams: int) -> None:
        self._authenticator = authenticator
        self._audit = audit
        self._free_streams = streams

    @override
    async def intercept_service(
        self,
        continuation: Callable[[grpc.HandlerCallDetails], Awaitable[Handler | None]],
        handler_call_details: grpc.HandlerCallDetails,
    ) -> Handler | None:
        method = one_line(handler_call_details.method.rpartition("/")[2], LONGEST_FACT)
        handler = await continuation(handler_call_details)
        if handler is None:  # gRPC answers by itself that there is no such method
            await self._audit.record_outcome(method, UNKNOWN, {}, "UNIMPLEMENTED")
            return None
        try:
            caller = await self._authenticator.authenticate(token_of(handler_call_details.invocation_metadata or ()))
        except ServiceError as fault:
            return self._refusal(method, fault)
        except Exception:
            logger.exception("The token of a call could not be validated")
            return self._refusal(method, _unexpected())
        shape = {
            "request_deserializer": handler.request_deserializer,
            "response_serializer": handler.response_serializer,
        }
        # The types of a handler are those of gRPC with threads; grpc.aio has coroutines in the same places.
        answer: Any = handler.unary_stream or handler.unary_unary
        if handler.response_streaming:
            return grpc.unary_stream_rpc_method_handler(self._stream(method, caller, answer), **shape)
        return grpc.unary_unary_rpc_method_handler(self._unary(method, caller, answer), **shape)

    def _refusal(self, method: str, fault: ServiceError) -> Handler:
        async def refuse(_requests: Any, context: Context) -> None:
            await self._audit.record_outcome(method, UNKNOWN, {}, fault.code)
            await context.abort(*to_status(fault))

        # As a stream of requests, of which none is read: a stranger's message is neither received nor parsed.
        return grpc.stream_stream_rpc_method_handler(refuse)

    def _unary(self, method: str, caller: Caller, answer: Unary) -> Unary:
        async def call(request: Any, context: Context) -> Any:
            async with self._passing(method, caller, request, context):
                return await answer(request, context)

        return call

    def _stream(self, method: str, caller: Caller, answer: Stream) -> Callable[[Any, Context], Awaitable[None]]:
        # Not an async generator: gRPC leaves those of a cancelled call to the garbage collector, which closes them in
        # another task, too late and without the context of the call.
        async def call(request: Any, context: Context) -> None:
            async with self._passing(method, caller, request, context):
                if not self._free_streams:
                    raise RateLimited(
                        "Too many streams of this node are open",
                        next_step="Close one, then call again",
                        service=SERVICE,
                    )
                self._free_streams -= 1
                try:
                    await context.send_initial_metadata(())  # the caller learns that the stream is open
                    async with aclosing(answer(request, context)) as messages:
                        async for message in messages:
                            await context.write(message)
                finally:
                    self._free_streams += 1

        return call

    @asynccontextmanager
    async def _passing(self, method: str, caller: Caller, request: Any, context: Context) -> AsyncIterator[None]:
        """Let a call through if its caller may make it, and record its outcome."""
        facts, outcome = facts_of(request), "CANCELLED"
        fault: ServiceError | None = None
        try:
            check_role(caller, method)
            if changes_something(method):
                await self._audit.record_start(method, caller.name, facts)
            set_current(caller)
            logs.set_caller(caller.name)
            with logs.request("rpc", method, **facts):
                yield
            outcome = "OK"
        except ServiceError as error:
            outcome, fault = error.code, error
        except Exception:
            logger.exception("%s has failed", method)  # which is not for strangers
            fault = _unexpected()
            outcome = fault.code
        finally:
            # Before the caller gets the answer, so that every answer is on record.
            await self._audit.record_outcome(method, caller.name, facts, outcome)
        if fault:
            await context.abort(*to_status(fault))


def _unexpected() -> ServiceError:
    return ServiceFailed(
        "The node's daemon failed", next_step="Look at its log: journalctl -u drone-nodes-agent", service=SERVICE
    )


def check_role(caller: Caller, method: str) -> None:
    """Raise unless a caller may call a method."""
    if not may_call(caller, method):
        has = f"the role {', '.join(sorted(caller.roles))}" if caller.roles else "no role"
        raise PermissionDenied(
            f"{caller.name} has {has} on this node, and {method} needs {needed_roles(method)}",
            next_step="Use a token with that role",
            service=SERVICE,
        )


def token_of(metadata: Any) -> str:
    """Return the bearer token of a call (RFC 6750, section 2.1).

    Raises:
        AuthenticationFailed: there is none, or more than one.
    """
    values = [value for key, value in metadata if key == "authorization"]
    scheme, _, token = str(values[0]).partition(" ") if len(values) == 1 else ("", "", "")
    token = token.strip()
    if scheme.lower() != "bearer" or not token or len(token) > LONGEST_TOKEN:
        raise AuthenticationFailed("The call has no bearer token", service=SERVICE)
    return token


def facts_of(request: Any) -> dict[str, str]:
    """Return what a request is about, for the log and the audit log: never the content of a file or a secret."""
    facts = {key: getattr(request, key, "") for key in ("service", "component", "path", "plan")}
    facts["secret_name"] = getattr(request, "name", "")
    facts["service"] = facts["service"] or getattr(getattr(request, "spec", None), "name", "")
    return {key: one_line(value, LONGEST_FACT) for key, value in facts.items() if value}
