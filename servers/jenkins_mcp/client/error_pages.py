"""Reads the HTML pages with which Jenkins reports errors, whatever format was requested. Pure.

Three kinds of page are told apart: Jetty's own (`<title>Error 409 off is not buildable</title>`), Jenkins' (an "Access
Denied" with the reason, an "Oops!" with nothing but the id of a log entry), and one that sends a browser elsewhere.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from html import unescape
from typing import Final

from ci_mcp_http.response import quote_service

LONGEST_READ: Final = 64 * 1024  # bytes; a page of Jenkins has about 13,000

# Of Jetty's error page (org.eclipse.jetty.server.handler.ErrorHandler): its title, without the status.
_CONTAINER_TITLE: Final = re.compile(r"<title>Error \d{3} ([^<]*)</title>")
_TITLE: Final = re.compile(r"<title>([^<]*)</title>")
# The reason of a refused permission; the paragraph has no end tag.
_REASON: Final = re.compile(r'<p class="error">([^<]*)')
# The only link between a failure and the server's log (jenkinsci/jenkins,
# core/src/main/resources/jenkins/model/Jenkins/oops.jelly).
_LOGGING_ID: Final = re.compile(r"Logging ID=([0-9a-f-]{36})")
_SENT_TO_LOGIN: Final = re.compile(r"""<meta http-equiv=['"]refresh['"] content=['"]\d+;url=[^'"]*/login\?""")
_SENT_BACK: Final = re.compile(r"""<meta http-equiv=['"]refresh['"] content=['"]\d+;url=\.\.['"]""")

STARTING: Final = ("Starting Jenkins", "Jenkins is getting ready to work", "Please wait while Jenkins is restarting")
"""Titles and headings of the page that is shown while Jenkins starts."""


@dataclass(frozen=True, slots=True)
class Page:
    """The content of an error page.

    Attributes:
        message: the reason that it gives, sanitised; "" if it gives none.
        logging_id: the id of the entry in the server's log that has the reason; "" if it names none.
        asks_to_log_in: whether it only leads to the login page.
        sends_back: whether it only leads to the page above, as for an action that a build does not have.
        is_starting: whether it says that Jenkins is starting.
    """

    message: str = ""
    logging_id: str = ""
    asks_to_log_in: bool = False
    sends_back: bool = False
    is_starting: bool = False


def read_page(body: bytes) -> Page:
    """Read an error page; whatever is no page of Jenkins is one that says nothing."""
    text = body[:LONGEST_READ].decode("utf-8", "replace")
    said = _REASON.search(text) or _CONTAINER_TITLE.search(text)
    logging_id = _LOGGING_ID.search(text)
    title = _TITLE.search(text)
    return Page(
        message=quote_service(unescape(said[1])) if said else "",
        logging_id=logging_id[1] if logging_id else "",
        asks_to_log_in=bool(_SENT_TO_LOGIN.search(text)),
        sends_back=bool(_SENT_BACK.search(text)),
        is_starting=bool(title and unescape(title[1]).strip() in STARTING),
    )
