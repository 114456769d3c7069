"""Structured logs on stderr: one record a line, as JSON or for a person, with facts about the current request.

Stdout belongs to the protocol. Of the arguments of a call a record holds only the repository and the build number, and
its text is cleaned in the same way as an answer.
"""

from __future__ import annotations

import json
import logging
import re
import secrets
import time
from contextlib import contextmanager
from contextvars import ContextVar
from typing import TYPE_CHECKING, Any

from ci_mcp_kit import observing
from ci_mcp_kit.errors import ServiceError
from ci_mcp_kit.log_writer import LogWriter, write_to_stderr
from ci_mcp_kit.outgoing_text import one_line

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from ci_mcp_kit.outgoing_text import Cleaner
    from ci_mcp_kit.settings import ProcessSettings

logger = logging.getLogger("ci_mcp_kit")

_facts: ContextVar[dict[str, Any] | None] = ContextVar("drone_mcp_facts", default=None)
_caller: ContextVar[str | None] = ContextVar("drone_mcp_caller", default=None)
_OURS = re.compile(r"[a-z]+_mcp(?:[_.]|\Z)")  # the packages of this distribution


def set_caller(caller: str) -> None:
    """Set the caller that this task serves, where a process serves several; all further records name it."""
    _caller.set(caller)


def add_facts(**facts: str | int | None) -> None:
    """Add facts (`repo`, `build` …) to all further records of the current request."""
    known = _facts.get()
    if known is not None:
        # In place: a task that the request has started has a copy of the context, but the same dictionary.
        known.update({key: value for key, value in facts.items() if value is not None})


def request_id() -> str:
    """Return the id of the current request, or "-"."""
    return str((_facts.get() or {}).get("request", "-"))


def caller() -> str:
    """Return the caller that `set_caller` has set; "" where the process serves one caller alone."""
    return str((_facts.get() or {}).get("caller") or _caller.get() or "")


@contextmanager
def request(kind: str, name: str, **facts: str | int | None) -> Iterator[None]:
    """Handle one request: its records share an id, and the last one has its outcome and how long it took."""
    facts_here: dict[str, Any] = {"request": secrets.token_hex(4), kind: one_line(name, 80)}
    token = _facts.set(facts_here)
    add_facts(caller=_caller.get(), **facts)
    started = time.perf_counter()
    try:
        yield
        facts_here.setdefault("outcome", observing.OK)
    except Exception as error:
        set_outcome(error.code if isinstance(error, ServiceError) else type(error).__name__)
        raise
    finally:
        # Only a cancellation gets here without an outcome, as it is no Exception.
        facts_here.setdefault("outcome", observing.CANCELLED)
        observing.set_outcome(facts_here["outcome"])
        facts_here["ms"] = round((time.perf_counter() - started) * 1000, 1)
        logger.info("%s %s", facts_here[kind], facts_here["outcome"])
        _facts.reset(token)


def set_outcome(outcome: str) -> None:
    """Set the outcome of the current request, where it is answered with an error and raises none."""
    add_facts(outcome=outcome)


def configure(settings: ProcessSettings, clean: Cleaner, write: Callable[[str], object] = write_to_stderr) -> LogWriter:
    """Write the logs of this process with `write`. A further call replaces an earlier set-up."""
    handler = LogWriter(write)
    handler.addFilter(_is_wanted)
    handler.setFormatter(JsonFormatter(clean) if settings.log_format == "json" else HumanFormatter(clean))
    root = logging.getLogger()
    root.handlers = [handler]
    root.setLevel(settings.log_level.upper())
    logging.captureWarnings(capture=True)
    return handler


def _is_wanted(record: logging.LogRecord) -> bool:
    """Leave out records of libraries below WARNING, whatever the level: httpx logs every URL at INFO."""
    return bool(_OURS.match(record.name)) or record.levelno >= logging.WARNING


class _CleanFormatter(logging.Formatter):
    def __init__(self, clean: Cleaner) -> None:
        super().__init__()
        self.clean = clean

    def facts(self, record: logging.LogRecord) -> dict[str, Any]:
        trace = {"trace_id": number} if (number := observing.trace()) else {}
        return {**(_facts.get() or {}), **trace, **getattr(record, "facts", {})}

    def trace(self, record: logging.LogRecord) -> str:
        return self.clean.text(self.formatException(record.exc_info)) if record.exc_info else ""


class JsonFormatter(_CleanFormatter):
    """One JSON object a line."""

    def format(self, record: logging.LogRecord) -> str:
        """Format `record`."""
        entry = {
            "time": time.strftime("%Y-%m-%dT%H:%M:%S", time.gmtime(record.created)) + f".{int(record.msecs):03d}Z",
            "level": record.levelname.lower(),
            "logger": record.name,
            "message": self.clean.text(record.getMessage()),
            **self.clean.value(self.facts(record)),
        }
        if trace := self.trace(record):
            entry["trace"] = trace
        # default=str: a fact that is not JSON must not cost the record.
        return json.dumps(entry, default=str)


class HumanFormatter(_CleanFormatter):
    """One line for a person; a traceback follows on its own lines."""

    def format(self, record: logging.LogRecord) -> str:
        """Format `record`."""
        facts = " ".join(f"{key}={one_line(str(value), 120)}" for key, value in self.facts(record).items())
        message = one_line(self.clean.text(record.getMessage()), 2000)
        clock = time.strftime("%H:%M:%S", time.localtime(record.created))
        line = self.clean.text(f"{clock} {record.levelname:7} {message}  {facts}".rstrip())
        return f"{line}\n{trace}" if (trace := self.trace(record)) else line
