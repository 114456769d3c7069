"""The error for a response that is no success, by what Jenkins means with the status. Pure.

Seen on Jenkins 2.579; the recorded answers are read by the tests.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any, Final

from ci_mcp_http.gateways import find_gateway_error
from ci_mcp_kit.errors import (
    AuthenticationFailed,
    Conflict,
    InvalidInput,
    NotFound,
    PermissionDenied,
    ServiceError,
    ServiceFailed,
    UnexpectedAnswer,
)
from jenkins_mcp.client.error_pages import Page, read_page
from jenkins_mcp.client.service_descriptor import JENKINS, WRITER

if TYPE_CHECKING:
    from ci_mcp_http.call import Call
    from ci_mcp_http.response import Response


class CrumbWanted(AuthenticationFailed):
    """A change had no crumb, or one that is no longer valid: it was not carried out."""


SERVER_FAULT: Final = 500  # the lowest status by which a server says that it is at fault
NO_CRUMB: Final = "No valid crumb was included in the request"
LOGIN_FIRST: Final = "Please login to access job"

# What Jenkins requires for a request, as people find it in the matrix of permissions: `hudson.model.Item.Build` is
# shown there as Job/Build (jenkinsci/jenkins, core/src/main/java/hudson/model/{Item,Run,Hudson,View,Computer}.java).
_GROUPS: Final = {"Hudson": "Overall", "Item": "Job", "Run": "Run", "View": "View", "Computer": "Agent"}


def describe_refusal(call: Call[Any], response: Response) -> ServiceError:
    """Return the error for a response that is no success."""
    page = read_page(response.body) if response.is_web_page or not response.content_type else Page()
    # Before gateways: a proxy would send 503 as well, but not this page.
    if page.is_starting:
        return ServiceFailed(
            "Jenkins is starting",
            next_step="Try again in a minute",
            retryable=True,
            status=response.status,
            details=_details(call, page),
            service=JENKINS,
        )
    rule = _RULES.get(response.status) or (_server_fault if page.logging_id else None)
    if rule is None or (response.status in _SENT_BY_PROXIES and not _is_of_jenkins(response, page)):
        gateway = find_gateway_error(call, response, JENKINS, _details(call, page))
        if gateway is not None:
            return gateway
    return (rule or (_server_fault if response.status >= SERVER_FAULT else _unknown_status))(call, response, page)


def _unauthorized(call: Call[Any], response: Response, page: Page) -> ServiceError:
    # Jenkins answers so to wrong credentials even where it lets everybody read.
    return AuthenticationFailed(
        "Jenkins does not accept this user name with this token or password",
        next_step=f"Check JENKINS_USERNAME together with {_token_of(call)}: a token is of one user, and Jenkins shows "
        "it only when it is made",
        status=response.status,
        details=_details(call, page),
        service=JENKINS,
    )


def _forbidden(call: Call[Any], response: Response, page: Page) -> ServiceError:
    """Describe a 403, of which Jenkins has four kinds."""
    if page.message == NO_CRUMB:
        return CrumbWanted(
            "Jenkins refuses a change without a crumb, which it requires of every user without an API token",
            next_step=f"Set {_token_of(call)} to an API token instead of a password",
            status=response.status,
            details=_details(call, page),
            service=JENKINS,
        )
    permission = _permission(response.headers.get("x-required-permission", ""))
    if page.asks_to_log_in or (page.message.startswith(LOGIN_FIRST) and not response.with_token):
        return AuthenticationFailed(
            f"Jenkins shows {call.subject} only to users who are logged in",
            status=response.status,
            details=_details(call, page, permission=permission),
            service=JENKINS,
        )
    user = response.headers.get("x-you-are-authenticated-as", "")
    if page.message.startswith(LOGIN_FIRST):
        permission = permission or "Job/Read"
    lacks = f"lacks the permission {permission}" if permission else "may not do this"
    return PermissionDenied(
        f"Jenkins refuses {call.subject}: {user or 'the user'} {lacks}",
        next_step=f"An administrator of Jenkins can give the user {permission or 'the permission'}, "
        "or use the token of a user who has it",
        status=response.status,
        details=_details(call, page, permission=permission),
        service=JENKINS,
    )


def _not_found(call: Call[Any], response: Response, page: Page) -> ServiceError:
    # Jetty answers so outside of the path at which it serves Jenkins, and a proxy for addresses that it does not know.
    if "x-jenkins" not in response.headers and not page.sends_back:
        return UnexpectedAnswer(
            "There is no Jenkins at this address",
            next_step="Check JENKINS_URL: it ends with the path at which Jenkins is served, like https://ci.example.com/jenkins",
            status=response.status,
            details=_details(call, page),
            service=JENKINS,
        )
    return NotFound(
        f"Jenkins has no {call.subject.removeprefix('the ')}, or this user may not see it",
        next_step="Check the full name, upper and lower case too, against a list of the jobs of its folder",
        status=response.status,
        details=_details(call, page),
        service=JENKINS,
    )


def _method_not_allowed(call: Call[Any], response: Response, page: Page) -> ServiceError:
    return UnexpectedAnswer(
        f"Jenkins does not take {call.method} for {call.subject}",
        status=response.status,
        details=_details(call, page),
        service=JENKINS,
    )


def _bad_request(call: Call[Any], response: Response, page: Page) -> ServiceError:
    said = page.message or response.headers.get("x-error", "")
    return InvalidInput(
        f"Jenkins refuses {call.subject}{_as_end(said)}",
        status=response.status,
        details=_details(call, page),
        service=JENKINS,
    )


def _conflict(call: Call[Any], response: Response, page: Page) -> ServiceError:
    return Conflict(
        f"Jenkins refuses {call.subject}{_as_end(page.message)}",
        next_step="A disabled job cannot be built until a person enables it",
        retryable=False,
        status=response.status,
        details=_details(call, page),
        service=JENKINS,
    )


def _too_long(call: Call[Any], response: Response, page: Page) -> ServiceError:
    return InvalidInput(
        f"The request for {call.subject} is longer than Jenkins takes",
        next_step="Ask for less at once",
        status=response.status,
        details=_details(call, page),
        service=JENKINS,
    )


def _not_permitted_in_queue(call: Call[Any], response: Response, page: Page) -> ServiceError:
    # Of `cancelItem`, which answers 422 where other routes answer 403.
    return PermissionDenied(
        f"Jenkins refuses {call.subject}: the user lacks the permission Job/Cancel",
        next_step="An administrator of Jenkins can give the user Job/Cancel",
        status=response.status,
        details=_details(call, page, permission="Job/Cancel"),
        service=JENKINS,
    )


def _server_fault(call: Call[Any], response: Response, page: Page) -> ServiceError:
    where = f"; the entry {page.logging_id} of its log has the reason" if page.logging_id else ""
    return ServiceFailed(
        f"Jenkins failed at {call.subject} and gives no reason{where}",
        next_step="Check the arguments: Jenkins answers so to a value that it cannot read, too. "
        "An administrator can look the entry up in Jenkins' log",
        # Seen for values only, which stay as wrong as they are.
        retryable=False,
        status=response.status,
        details=_details(call, page),
        service=JENKINS,
    )


def _unknown_status(call: Call[Any], response: Response, page: Page) -> ServiceError:
    return UnexpectedAnswer(
        f"Status {response.status} is not one that Jenkins gives for {call.subject}{_as_end(page.message)}",
        status=response.status,
        details=_details(call, page),
        service=JENKINS,
    )


Rule = Callable[["Call[Any]", "Response", Page], ServiceError]
_RULES: Final[dict[int, Rule]] = {
    400: _bad_request,
    401: _unauthorized,
    403: _forbidden,
    404: _not_found,
    405: _method_not_allowed,
    409: _conflict,
    414: _too_long,
    422: _not_permitted_in_queue,
    500: _server_fault,
}
# These come from proxies before Jenkins, too, with pages of theirs.
_SENT_BY_PROXIES: Final = frozenset({401, 403})


def _token_of(call: Call[Any]) -> str:
    """Return the names of the variables whose secret the call was sent with."""
    return WRITER.token if call.writes else f"{JENKINS.token} (or JENKINS_PASSWORD)"


def _is_of_jenkins(response: Response, page: Page) -> bool:
    """Return whether a refusal bears a sign of Jenkins or of the Jetty it runs in."""
    signs = ("x-jenkins", "x-required-permission", "x-you-are-authenticated-as")
    realm = response.headers.get("www-authenticate", "")
    return bool(page.message or page.asks_to_log_in or "Jenkins" in realm) or any(
        sign in response.headers for sign in signs
    )


def _permission(required: str) -> str:
    """Return a permission as Jenkins' pages name it: `hudson.model.Item.Build` is Job/Build."""
    group, _, name = required.removeprefix("hudson.model.").partition(".")
    return f"{_GROUPS[group]}/{name}" if name and group in _GROUPS else required


def _as_end(said: str) -> str:
    return f": {said}" if said else ""


def _details(call: Call[Any], page: Page, **more: str) -> dict[str, Any]:
    facts = {"job": call.scope, "reason": page.message, "logging_id": page.logging_id, **more}
    return {key: value for key, value in facts.items() if value}
