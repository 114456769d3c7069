"""The errors of all services as gRPC statuses, and back.

The daemon ends a call with the status of an error, and the client makes the same error of it: the class by the status
code, the message by the status' details, the next step by trailing metadata.
"""

from __future__ import annotations

import grpc

from ci_mcp_kit.errors import (
    AnswerTooLarge,
    AuthenticationFailed,
    Conflict,
    InvalidInput,
    NotFound,
    PermissionDenied,
    RateLimited,
    Service,
    ServiceError,
    ServiceFailed,
    TimedOut,
    UnexpectedAnswer,
    Unreachable,
)
from ci_mcp_kit.outgoing_text import one_line

NEXT_STEP = "mcp-next-step-bin"  # keys that end in -bin take any bytes (grpc/grpc, doc/PROTOCOL-HTTP2.md)
# Peers refuse metadata of more than 8 KiB (grpc/grpc, GRPC_ARG_MAX_METADATA_SIZE), and details are percent-encoded.
LONGEST_MESSAGE, LONGEST_NEXT_STEP = 1500, 500

_CODES: dict[type[ServiceError], grpc.StatusCode] = {
    AuthenticationFailed: grpc.StatusCode.UNAUTHENTICATED,
    PermissionDenied: grpc.StatusCode.PERMISSION_DENIED,
    NotFound: grpc.StatusCode.NOT_FOUND,
    InvalidInput: grpc.StatusCode.INVALID_ARGUMENT,
    Conflict: grpc.StatusCode.ABORTED,
    RateLimited: grpc.StatusCode.RESOURCE_EXHAUSTED,
    TimedOut: grpc.StatusCode.DEADLINE_EXCEEDED,
    Unreachable: grpc.StatusCode.UNAVAILABLE,
    UnexpectedAnswer: grpc.StatusCode.UNIMPLEMENTED,
    AnswerTooLarge: grpc.StatusCode.OUT_OF_RANGE,
    ServiceFailed: grpc.StatusCode.INTERNAL,
}
_CLASSES = {code: kind for kind, code in _CODES.items()} | {
    grpc.StatusCode.ALREADY_EXISTS: Conflict,
    grpc.StatusCode.FAILED_PRECONDITION: Conflict,
}


def to_status(error: ServiceError) -> tuple[grpc.StatusCode, str, tuple[tuple[str, bytes], ...]]:
    """Return the code, the details and the trailing metadata with which a call fails."""
    kind = next((kind for kind in type(error).__mro__ if kind in _CODES), ServiceFailed)
    step = error.next_step[:LONGEST_NEXT_STEP].encode()
    return _CODES[kind], error.message[:LONGEST_MESSAGE], ((NEXT_STEP, step),)


def from_status(error: grpc.aio.AioRpcError, *, node: str, address: str, service: Service) -> ServiceError:
    """Return the error that a failed call of a node's daemon means; its text is cleaned."""
    details = {"node": node}
    sent = dict(error.trailing_metadata() or ()).get(NEXT_STEP)
    if not isinstance(sent, bytes):
        return _explain_transport(error, node, address, service)
    kind = _CLASSES.get(error.code(), ServiceFailed)
    message = one_line(error.details() or f"the daemon answered {error.code().name}", LONGEST_MESSAGE)
    step = one_line(sent.decode(errors="replace"), LONGEST_NEXT_STEP)
    return kind(f"Node {node}: {message}", next_step=step, details=details, service=service)


def _explain_transport(error: grpc.aio.AioRpcError, node: str, address: str, service: Service) -> ServiceError:
    """Return the error for a status that does not come from our daemon, but from gRPC on the way to it."""
    said = error.details() or ""
    reason = one_line(said.rpartition(": ")[2] or error.code().name)
    kind, message, step = _CLASSES.get(error.code(), ServiceFailed), f"Node {node} ({address}): {reason}", None
    if error.code() is grpc.StatusCode.UNAVAILABLE and "CERTIFICATE_VERIFY_FAILED" in said:
        message = f"Node {node} ({address}) shows a certificate that is not trusted or is for another name"
        step = "Name the authority of its certificate as the node's CA file, and use an address that it is made for"
    elif error.code() is grpc.StatusCode.UNAVAILABLE and "handshake failed" in said.lower():
        message = f"Node {node}: what answers at {address} does not accept a connection with TLS"
        step = "Check that the address has the port of drone-nodes-agent"
    elif error.code() is grpc.StatusCode.UNAVAILABLE:
        message = f"Node {node} does not answer at {address} ({reason})"
        step = "Check the address, and that drone-nodes-agent runs on the node (systemctl status drone-nodes-agent)"
    elif error.code() is grpc.StatusCode.DEADLINE_EXCEEDED:
        message = f"Node {node} did not answer in time at {address}"
        step = "Call again; if it happens again, look at the log of drone-nodes-agent on the node"
    elif error.code() is grpc.StatusCode.UNIMPLEMENTED:
        message = f"Node {node} has a daemon that does not know this call"
        step = "Install the same release of drone-mcp on the node, and restart drone-nodes-agent"
    return kind(message, next_step=step, details={"node": node}, service=service)
