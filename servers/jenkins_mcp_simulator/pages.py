"""The HTML pages with which Jenkins and its container answer, as far as a client reads them."""

from __future__ import annotations

from dataclasses import dataclass, field
from html import escape
from http import HTTPStatus
from typing import Final

from starlette.responses import Response

VERSION: Final = "2.579"
HTML: Final = "text/html;charset=utf-8"

_PERMISSIONS: Final = {"Overall": "Hudson", "Job": "Item", "Run": "Run", "View": "View", "Agent": "Computer"}


@dataclass
class PageResponse(Exception):
    """A response that is a page; raised where a request ends."""

    status: int
    body: str
    headers: dict[str, str] = field(default_factory=dict)

    def response(self) -> Response:
        """Return it as an HTTP response."""
        return Response(self.body, self.status, {"content-type": HTML, **self.headers})


def container_page(status: int, message: str, path: str) -> PageResponse:
    """Return the page of the container (Jetty), which Jenkins' `HttpResponses.error` leads to."""
    body = (
        "<html>\n<head>\n"
        '<meta http-equiv="Content-Type" content="text/html;charset=ISO-8859-1"/>\n'
        f"<title>Error {status} {escape(message)}</title>\n</head>\n"
        f"<body><h2>HTTP ERROR {status} {escape(message)}</h2>\n<table>\n"
        f"<tr><th>URI:</th><td>{escape(path)}</td></tr>\n<tr><th>STATUS:</th><td>{status}</td></tr>\n"
        f"<tr><th>MESSAGE:</th><td>{escape(message)}</td></tr>\n<tr><th>SERVLET:</th><td>Stapler</td></tr>\n</table>\n"
        '<hr/><a href="https://jetty.org/">Powered by Jetty:// 12.1.4</a><hr/>\n\n</body>\n</html>\n'
    )
    headers = {"content-type": "text/html;charset=iso-8859-1", "cache-control": "must-revalidate,no-cache,no-store"}
    return PageResponse(status, body, headers)


def unauthorized(path: str) -> PageResponse:
    """Return the answer to wrong credentials."""
    page = container_page(401, "Unauthorized", path)
    page.headers["www-authenticate"] = 'Basic realm="Jenkins", charset="UTF-8"'
    return page


def no_crumb(path: str) -> PageResponse:
    """Return the answer to a change without a valid crumb."""
    return container_page(403, "No valid crumb was included in the request", path)


def login_first(path: str) -> PageResponse:
    """Return the answer to a guest who may not read: a page that leads to the login."""
    body = f"<html><head><meta http-equiv='refresh' content='1;url=/login?from={escape(path)}'/></head></html>"
    headers = {"x-required-permission": "hudson.model.Hudson.Read", "x-you-are-authenticated-as": "anonymous"}
    return _of_jenkins(403, body, headers)


def login() -> PageResponse:
    """Return the page on which people log in; everybody may see it."""
    return _of_jenkins(200, _page("Sign in - Jenkins", "<h1>Sign in to Jenkins</h1>"))


def missing_permission(user: str, permission: str) -> PageResponse:
    """Return the refusal of a permission, written like Job/Build."""
    group, _, name = permission.partition("/")
    headers = {
        "x-you-are-authenticated-as": user,
        "x-required-permission": f"hudson.model.{_PERMISSIONS[group]}.{name}",
    }
    text = f'<h1>Access Denied</h1><p class="error">{escape(user)} is missing the {permission} permission'
    return _of_jenkins(403, _page("Jenkins", text), headers)


def discover_only(job: str) -> PageResponse:
    """Return the refusal of a job of which the user may only know that it is there."""
    text = f'<h1>Access Denied</h1><p class="error">Please login to access job {escape(job)}'
    return _of_jenkins(403, _page("Jenkins", text))


def not_found() -> PageResponse:
    """Return the page for an object that does not exist, or may not be seen."""
    return _of_jenkins(
        404,
        _page(
            "Not Found - Jenkins",
            "<h1>Not Found</h1><p>This page may not exist, or you may not have permission to see it.",
        ),
    )


def no_such_action() -> PageResponse:
    """Return the page for an action that a build does not have: it sends a browser back."""
    return PageResponse(404, "<html><head><meta http-equiv='refresh' content='1;url=..'/></head></html>")


def post_required() -> PageResponse:
    """Return the answer to a GET of what changes something."""
    return _of_jenkins(405, _page("Method Not Allowed - Jenkins", "<h1>This URL requires POST</h1>"), {"allow": "POST"})


def oops(status: int, logging_id: str) -> PageResponse:
    """Return the page that gives no reason but an entry of the server's log."""
    text = (
        '<h1 style="text-align: center"><span style="font-size:50px"> Oops!</span></h1><div id="error-description">'
        '<h2 style="text-align: center">A problem occurred while processing the request</h2>'
        f'<p style="text-align: center">Logging ID={logging_id}</div>'
    )
    return _of_jenkins(status, _page("Jenkins - Jenkins", text))


def starting() -> PageResponse:
    """Return the page of a Jenkins that has not come up yet."""
    text = '<h1 class="loading">Jenkins is getting ready to work</h1>'
    return PageResponse(HTTPStatus.SERVICE_UNAVAILABLE, _page("Starting Jenkins", text))


def _of_jenkins(status: int, body: str, headers: dict[str, str] | None = None) -> PageResponse:
    return PageResponse(status, body, {"x-jenkins": VERSION, "x-hudson": "1.395", **(headers or {})})


def _page(title: str, content: str) -> str:
    return f"<!DOCTYPE html><html><head><title>{title}</title></head><body>{content}</body></html>"
