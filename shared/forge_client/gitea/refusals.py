"""The error for one of Gitea's or Forgejo's responses that is no success.

The status decides: words differ between the two programs and their versions, and some are translated. The rules go by
the captured answers of Gitea 1.27.3 and Forgejo 12.
"""

from __future__ import annotations

import json
import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

from ci_mcp_http.response import LONGEST_QUOTE, hide_addresses, quote_service
from ci_mcp_kit.errors import (
    AuthenticationFailed,
    InvalidInput,
    PermissionDenied,
    Service,
    ServiceError,
    ServiceFailed,
    UnexpectedAnswer,
)
from forge_client.errors import FORGE, FORGE_WRITES, Conflict, NotFound

if TYPE_CHECKING:
    from collections.abc import Callable

    from ci_mcp_http.call import Call
    from ci_mcp_http.response import Response

SERVER_FAULT: Final = 500  # the lowest status by which a server says that it is at fault

# Gitea lists the scopes that were needed, and then those of the token, which Forgejo leaves out.
_SCOPES: Final = re.compile(r"required=\[([a-z:, ]{1,200})\]")

# The words of Gitea and of Forgejo that say no more than the status.
_MERE_404: Final = frozenset({"not found", "The target couldn't be found."})

# Calls that Gitea answers with 500 and an empty message if what they name here does not exist.
_EMPTY_500: Final = {
    "comments.list": "the issue",
    "comments.create": "the issue",
    "issues.update": "an assignee or the milestone",
}


@dataclass(frozen=True, slots=True)
class Refusal:
    """A response that is no success.

    Attributes:
        call: the request.
        response: what came.
        message: its words, sanitised.
        is_json: whether they came as JSON and so are the forge's own.
    """

    call: Call[Any]
    response: Response
    message: str = ""
    is_json: bool = False

    @classmethod
    def read(cls, call: Call[Any], response: Response) -> Refusal:
        """Read the words of a response."""
        try:
            words, is_json = str(json.loads(response.body)["message"]), True
        except (ValueError, TypeError, KeyError, RecursionError):
            is_text = response.content_type.startswith("text/plain")
            # A character has at most 4 bytes in UTF-8 (RFC 3629).
            words = response.body[: 4 * LONGEST_QUOTE].decode("utf-8", "replace") if is_text else ""
            is_json = False
        if response.status >= SERVER_FAULT:
            words = hide_addresses(words)
        return cls(call, response, quote_service(words), is_json)

    @property
    def service(self) -> Service:
        """The forge, with the variables of the client that sent the call."""
        return FORGE_WRITES if self.call.writes else FORGE

    @property
    def details(self) -> dict[str, Any]:
        """The facts for every error of this call: the repository, and the forge's own words."""
        facts = {"repo": self.call.scope, "forge_message": self.message if self.is_json else None}
        return {key: value for key, value in facts.items() if value}

    @property
    def quoted(self) -> str:
        """The words as the end of a sentence, "" if there are none."""
        return f": {self.message}" if self.message else ""


def describe_refusal(refusal: Refusal) -> ServiceError:
    """Return the error for a refusal by the forge itself."""
    status = refusal.response.status
    rule = RULES.get(status) or (_server_fault if status >= SERVER_FAULT else _unknown_status)
    return rule(refusal)


def _invalid(refusal: Refusal) -> ServiceError:
    return InvalidInput(
        f"The forge refuses this{refusal.quoted}",
        status=refusal.response.status,
        details=refusal.details,
        service=refusal.service,
    )


def _unauthorized(refusal: Refusal) -> ServiceError:
    """Describe a 401: unlike Drone, a forge refuses an unknown token for public repositories, too."""
    status, message = refusal.response.status, "The forge does not know this token"
    if not refusal.response.with_token:
        message = f"The forge shows {refusal.call.subject} only to users, and no token is set"
    return AuthenticationFailed(message, status=status, details=refusal.details, service=refusal.service)


def _forbidden(refusal: Refusal) -> ServiceError:
    if not refusal.response.with_token:  # where every call takes a sign-in (Gitea's REQUIRE_SIGNIN_VIEW)
        return _unauthorized(refusal)
    scopes = _SCOPES.search(refusal.message)
    if scopes:
        return PermissionDenied(
            f"The token lacks the scope {scopes[1]} for {refusal.call.subject}",
            next_step=f"Create a token that has it, and put that into {refusal.service.token}",
            status=403,
            details={**refusal.details, "required_scope": scopes[1]},
            service=refusal.service,
        )
    # Without a word where only the author or who may write may do this (go-gitea/gitea v1.27.3,
    # routers/api/v1/repo/issue.go, EditIssue, and issue_comment.go, editIssueComment).
    return PermissionDenied(
        f"The token's user may not use {refusal.call.subject}{refusal.quoted}",
        next_step="Ask an owner of the repository for that right, or leave it to the author or an owner",
        status=403,
        details=refusal.details,
        service=refusal.service,
    )


def _not_found(refusal: Refusal) -> ServiceError:
    if not refusal.is_json:
        return _no_route(refusal)
    # Not translated, unlike other words: the error of a look-up by a login (go-gitea/gitea v1.27.3,
    # models/user/error.go, ErrUserNotExist).
    if refusal.message.startswith("user does not exist"):
        message = f"The forge has no user of that name{refusal.quoted}"
        return InvalidInput(message, status=404, details=refusal.details, service=refusal.service)
    subject = refusal.call.subject
    if refusal.message not in _MERE_404:
        return NotFound(f"The forge finds nothing for {subject}{refusal.quoted}", status=404, details=refusal.details)
    need = "the right to change" if refusal.call.writes else "access to"
    return NotFound(
        f"The forge has no {subject.removeprefix('the ')}, or the token's user lacks {need} it",
        status=404,
        details=refusal.details,
    )


def _no_route(refusal: Refusal) -> ServiceError:
    return UnexpectedAnswer(
        f"This server has no route for {refusal.call.subject}",
        next_step=f"Check that {refusal.service.address} is the address of Gitea or Forgejo, without /api at its end; "
        "an older release may lack this function",
        status=refusal.response.status,
        service=refusal.service,
    )


def _conflict(refusal: Refusal) -> ServiceError:
    if not refusal.call.writes:  # such as the commits of a repository that has none
        message = f"The forge has no {refusal.call.subject.removeprefix('the ')}{refusal.quoted}"
        return NotFound(message, status=refusal.response.status, details=refusal.details)
    return Conflict(
        f"The forge does not change {refusal.call.subject} as it is now{refusal.quoted}",
        next_step="Look at its newest state, then decide again",
        # The same call again would meet the same state.
        retryable=False,
        status=refusal.response.status,
        details=refusal.details,
    )


def _beyond_the_end(refusal: Refusal) -> ServiceError:
    message = f"There are no such bytes in {refusal.call.subject}: it is shorter"
    return InvalidInput(message, next_step="Read from an earlier byte on", status=416, service=refusal.service)


def _archived(refusal: Refusal) -> ServiceError:
    return PermissionDenied(
        f"The repository {refusal.call.scope} is archived, and nothing in it can be changed",
        next_step="Ask an owner of the repository to unarchive it, or leave it as it is",
        status=423,
        details={**refusal.details, "reason": "archived"},
        service=refusal.service,
    )


def _server_fault(refusal: Refusal) -> ServiceError:
    status = refusal.response.status
    missing = "" if refusal.message else _EMPTY_500.get(refusal.call.operation, "")
    if missing and not refusal.call.writes:
        return NotFound(
            f"The forge has no {refusal.call.subject.removeprefix('the ')}", status=status, details=refusal.details
        )
    # Of a write this stays a fault of the forge: it may have failed halfway, and nothing tells the two apart.
    hint = f", as it does where {missing} is not there" if missing else ""
    return ServiceFailed(
        f"The forge failed with status {status}{refusal.quoted}{hint}",
        next_step="Check that what the call names is there, then look at the newest state" if missing else None,
        status=status,
        details=refusal.details,
        service=refusal.service,
    )


def _unknown_status(refusal: Refusal) -> ServiceError:
    status = refusal.response.status
    return UnexpectedAnswer(
        f"Status {status} is not one that a forge gives for {refusal.call.subject}{refusal.quoted}",
        status=status,
        details=refusal.details,
        service=refusal.service,
    )


RULES: Final[dict[int, Callable[[Refusal], ServiceError]]] = {
    400: _invalid,
    401: _unauthorized,
    403: _forbidden,
    404: _not_found,
    405: _no_route,
    409: _conflict,
    412: _conflict,  # such as closing an issue that waits for another
    413: _invalid,  # Forgejo, over a quota
    416: _beyond_the_end,
    422: _invalid,
    423: _archived,
}
