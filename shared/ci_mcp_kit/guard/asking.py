"""Asks the person who uses the client, in both eras of the protocol.

Until 2025-11-25 the server asks in the middle of the call; from 2026-07-28 on it ends the call with the question, and
the client calls again with the answer and the sealed state, which may reach another replica. Source: the MCP
specification, "Elicitation" and "Multi Round-Trip Requests".
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final, Literal

import anyio
from mcp.shared.exceptions import MCPError
from mcp.types import ElicitRequest, ElicitRequestFormParams, ElicitResult, InputRequiredResult
from mcp.types.version import is_version_at_least
from pydantic import BaseModel, Field

from ci_mcp_kit.guard.confirmation_tokens import LIFE
from ci_mcp_kit.guard.errors import NotConfirmed

if TYPE_CHECKING:
    from mcp.server.mcpserver import Context

Said = Literal["accept", "decline", "cancel"]

_ROUNDS_FROM: Final = "2026-07-28"
_KEY: Final = "confirm"
# Seconds that a person has for an answer in the middle of a call: a little less than the question lives.
PATIENCE: Final = LIFE - 1


class Consent(BaseModel):
    """Accepting this form is the confirmation: there is nothing to tick.

    In the newer era the server sends its schema, a flat object of primitive properties (MCP specification,
    "Elicitation", "Requested Schema").
    """

    note: str = Field(default="", max_length=200, description="For the audit log, if you like")


@dataclass(frozen=True, slots=True)
class Reply:
    """The answer of the person, and the token of the question."""

    said: Said
    token: str
    note: str = ""


def can_ask(context: Context[Any, Any]) -> bool:
    """Return whether the client can show a form to a person.

    It must have declared that (an empty `elicitation` means forms, `url` alone does not). In the older era the server
    must also be able to send it requests, which is impossible over HTTP without sessions.
    """
    capabilities = context.client_capabilities
    asks = capabilities.elicitation if capabilities else None
    # For the empty object: MCP 2025-11-25, client/elicitation, "Capabilities". Earlier clients know no other.
    offers = asks is not None and (asks.form is not None or asks.url is None)
    return offers and (in_rounds(context) or context.session.can_send_request)


def replied(context: Context[Any, Any]) -> Reply | None:
    """Return the reply that this call brings, if it is the second round of one. The SDK has decrypted the state."""
    answer = (context.input_responses or {}).get(_KEY)
    if context.request_state is None or not isinstance(answer, ElicitResult):
        return None
    # Cut here as well: the client need not have checked the text against the schema.
    note = str((answer.content or {}).get("note", ""))[:200]
    return Reply(answer.action, context.request_state, note)


async def put(context: Context[Any, Any], question: str, token: str) -> Reply | InputRequiredResult:
    """Ask the person; return the reply, or the result that ends this round of the call."""
    if in_rounds(context):
        form = ElicitRequest(
            params=ElicitRequestFormParams(message=question, requested_schema=Consent.model_json_schema())
        )
        return InputRequiredResult(input_requests={_KEY: form}, request_state=token)
    result = None
    try:
        with anyio.move_on_after(PATIENCE):
            result = await context.elicit(question, Consent)
    except (MCPError, ValueError) as error:
        # The SDK (2.3.0) raises ValueError where an accepted form comes back empty or does not fit the schema.
        raise NotConfirmed("The client could not ask a person") from error
    if result is None:
        return Reply("cancel", token)
    return Reply(result.action, token, result.data.note if result.action == "accept" else "")


def in_rounds(context: Context[Any, Any]) -> bool:
    """Return whether the client gets a question as the end of a call, and answers it with the next one."""
    version = context.protocol_version
    return version is not None and is_version_at_least(version, _ROUNDS_FROM)
