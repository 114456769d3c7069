"""The few shapes that requests to Gitea have. Pure."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any, Final, TypeAlias

from ci_mcp_http.call import Call, Params, join_path
from ci_mcp_kit.errors import InvalidInput
from forge_client.names import parse_repo

if TYPE_CHECKING:
    from ci_mcp_http.call import Reader

API: Final = "/api/v1"
REPO: Final = "/repos/{owner}/{repo}"

# The most items of a page, where an administrator has not set another number: Gitea takes a request for more as one
# for so many, and does not say so (go-gitea/gitea v1.27.3, modules/setting/api.go, MAX_RESPONSE_ITEMS).
LARGEST_PAGE: Final = 50

Value: TypeAlias = str | int | tuple[str, ...]
"""The value of a placeholder in a path: one segment, a number, or several segments."""

_PLACEHOLDER: Final = re.compile(r"\{(\w+)\}")


def get(
    operation: str, subject: str, template: str, reader: Reader[Any], params: Params = (), **values: Value
) -> Call[Any]:
    """Return a call that reads something of the server; `values` are those of the template's placeholders."""
    return Call(
        operation=operation,
        subject=subject,
        method="GET",
        path=fill(API + template, values),
        template=API + template,
        read=reader,
        params=params,
    )


def repo_get(
    operation: str,
    what: str,
    repo: str,
    template: str,
    reader: Reader[Any],
    *,
    params: Params = (),
    headers: Params = (),
    **values: Value,
) -> Call[Any]:
    """Return a call that reads `what` of a repository; the template is relative to it."""
    name = parse_repo(repo)
    return Call(
        operation=operation,
        subject=f"{what} of {name}",
        method="GET",
        path=fill(API + REPO + template, {"owner": name.owner, "repo": name.name, **values}),
        template=API + REPO + template,
        read=reader,
        params=params,
        headers=headers,
        scope=str(name),
    )


def repo_change(
    operation: str,
    what: str,
    method: str,
    repo: str,
    template: str,
    reader: Reader[Any],
    body: dict[str, Any] | None = None,
    *,
    idempotent: bool = True,
    **values: Value,
) -> Call[Any]:
    """Return a call that changes `what` of a repository."""
    name = parse_repo(repo)
    return Call(
        operation=operation,
        subject=f"{what} of {name}",
        method=method,
        path=fill(API + REPO + template, {"owner": name.owner, "repo": name.name, **values}),
        template=API + REPO + template,
        read=reader,
        body=body,
        scope=str(name),
        writes=True,
        idempotent=idempotent,
    )


def fill(template: str, values: dict[str, Value]) -> str:
    """Return the path of a template whose placeholders stand for these values, each quoted.

    A slash of a branch or of a file's path stays one: the routes for them end in a wildcard (go-gitea/gitea v1.27.3,
    routers/api/v1/api.go).
    """

    def quote(placeholder: re.Match[str]) -> str:
        value = values[placeholder[1]]
        return join_path(*value if isinstance(value, tuple) else (value,), safe=":")[1:]  # of `user:branch`

    return _PLACEHOLDER.sub(quote, template).rstrip("/")


def page_params(page: int, limit: int = LARGEST_PAGE) -> Params:
    """Return the parameters of one page."""
    if not 1 <= limit <= LARGEST_PAGE:
        raise InvalidInput(f"A page has 1 to {LARGEST_PAGE} entries, not {limit}")
    if page < 1:
        raise InvalidInput(f"Pages count from 1, not {page}")
    return ("page", str(page)), ("limit", str(limit))
