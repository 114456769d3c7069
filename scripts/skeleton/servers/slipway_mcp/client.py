"""Slipway's API: its calls, its models, and what its responses mean."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from pydantic import BaseModel, ConfigDict

from ci_mcp_http.call import Call, join_path
from ci_mcp_http.gateways import find_gateway_error
from ci_mcp_http.response import json_parser, parse_body
from ci_mcp_kit.errors import (
    AuthenticationFailed,
    Conflict,
    NotFound,
    PermissionDenied,
    Service,
    ServiceError,
    ServiceFailed,
)

if TYPE_CHECKING:
    from ci_mcp_http.response import Response

SLIPWAY: Final = Service(
    name="Slipway",
    code="SLIPWAY_ERROR",
    address="SLIPWAY_SERVER",
    token="SLIPWAY_TOKEN",  # noqa: S106 - the name of a variable
    token_file="SLIPWAY_TOKEN_FILE",  # noqa: S106 - likewise
    token_source="an access token of Slipway",  # noqa: S106 - a place
    ca_file="SLIPWAY_CA_FILE",
    max_body="SLIPWAY_MAX_BODY",
)

_ERRORS: Final[dict[int, type[ServiceError]]] = {
    401: AuthenticationFailed,
    403: PermissionDenied,
    404: NotFound,
    409: Conflict,
}


class Release(BaseModel):
    """One release of an application. `state` is `running`, `done`, `failed` or `stopped`."""

    # A later version of the service may send more fields, which is no reason to fail.
    model_config = ConfigDict(frozen=True, extra="ignore")

    number: int
    state: str
    author: str = ""

    @property
    def is_over(self) -> bool:
        """Whether nothing more happens to it."""
        return self.state != "running"


def read_release(call: Call[Any], response: Response) -> Release:
    """Read a response as a release.

    Raises:
        ServiceError: the member of the family that fits.
    """
    # First, because a proxy may have answered, with a page or a status of its own.
    gateway = find_gateway_error(call, response, SLIPWAY, {"app": call.scope})
    if gateway is not None:
        raise gateway
    if not response.is_success:
        # A status that is not listed is a fault of the service, which the caller cannot correct.
        kind = _ERRORS.get(response.status, ServiceFailed)
        message = f"Slipway refused {call.subject} with status {response.status}"
        raise kind(message, status=response.status, details={"app": call.scope}, service=SLIPWAY)
    release: Release = parse_body(json_parser(Release), response, call.subject, SLIPWAY)
    return release


def get_release(app: str, number: int) -> Call[Release]:
    """Read one release."""
    return _call("releases.get", "GET", app, number)


def stop_release(app: str, number: int) -> Call[Release]:
    """Stop a release where it stands; one that is over stays as it is."""
    return _call("releases.stop", "DELETE", app, number, writes=True)


def _call(operation: str, method: str, app: str, number: int, *, writes: bool = False) -> Call[Release]:
    return Call(
        operation=operation,
        subject=f"release {number} of {app}",
        method=method,
        path=join_path("apps", app, "releases", number),
        # For traces and metrics, which must not name an application.
        template="/apps/{app}/releases/{number}",
        read=read_release,
        scope=app,
        writes=writes,
    )
