"""Traces and metrics over OTLP, where an OTEL_EXPORTER_OTLP_ENDPOINT says so (extra `otel`); else nothing is loaded.

All is set by OpenTelemetry's own variables (its specification, "Environment Variable Specification" and "OTLP
Exporter Configuration"). Telemetry that cannot be had is told in the log and is never a reason not to serve.
"""

from __future__ import annotations

import logging
import re
import threading
import time
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final
from urllib.parse import unquote

from ci_mcp_kit import observing

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from ci_mcp_kit.otel import Telemetry

logger = logging.getLogger(__name__)

PREFIX: Final = "OTEL_EXPORTER_OTLP"
PROTOCOL: Final = "http/protobuf"
SELDOM: Final = 300.0  # seconds between two complaints of an exporter
AT_END: Final = 0.25  # seconds that the last of it may take where a client waits for the end of the process
AT_STOP: Final = 3.0  # and where a service stops

_running: list[Telemetry] = []


@dataclass(frozen=True)
class Signals:
    """What is to be sent."""

    traces: bool
    metrics: bool


def wanted(environment: Mapping[str, str]) -> Signals:
    """Decide what is to be sent; neither costs nothing."""
    if environment.get("OTEL_SDK_DISABLED", "").strip().lower() == "true":
        return Signals(traces=False, metrics=False)
    return Signals(traces=_is_wanted("TRACES", environment), metrics=_is_wanted("METRICS", environment))


def _is_wanted(signal: str, environment: Mapping[str, str]) -> bool:
    names = (f"{PREFIX}_ENDPOINT", f"{PREFIX}_{signal}_ENDPOINT")
    exporter = environment.get(f"OTEL_{signal}_EXPORTER", "").strip() or "otlp"
    return exporter == "otlp" and any(environment.get(name, "").strip() for name in names)


def start(service: str, environment: Mapping[str, str], *, over_http: bool) -> None:
    """Send what this process does from now on, if that is wanted.

    Args:
        service: what to call it, where OTEL_SERVICE_NAME says nothing.
        environment: of the process; the exporters read `os.environ` themselves.
        over_http: whether it serves many clients, or one over stdin and stdout.
    """
    signals = wanted(environment)
    if not (signals.traces or signals.metrics):
        return
    protocol = environment.get(f"{PREFIX}_PROTOCOL", "").strip() or PROTOCOL
    if protocol != PROTOCOL:
        logger.warning("Telemetry is off: %s_PROTOCOL is %r, and only %s is spoken here", PREFIX, protocol, PROTOCOL)
        return
    try:
        from ci_mcp_kit.otel import Telemetry  # noqa: PLC0415 - an extra, and a tenth of the start

        telemetry = Telemetry(service, traces=signals.traces, metrics=signals.metrics, over_http=over_http)
    except ImportError:
        logger.warning("Telemetry is off: it takes pip install 'drone-mcp[otel]'")
    except Exception as error:  # noqa: BLE001 - whatever is wrong with it, the server serves
        logger.warning("Telemetry is off: %s", error)
    else:
        for name in ("trace", "metric"):
            logging.getLogger(f"opentelemetry.exporter.otlp.proto.http.{name}_exporter").addFilter(Seldom())
        _running.append(telemetry)
        observing.install(telemetry)


class Seldom(logging.Filter):
    """Lets a record through every five minutes: a collector that is away is told of, not told of twice a second."""

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        super().__init__()
        self._clock = clock
        self._last = -SELDOM

    def filter(self, record: logging.LogRecord) -> bool:  # noqa: ARG002 - logging's signature
        """Decide on a record."""
        now = self._clock()
        if now - self._last < SELDOM:
            return False
        self._last = now
        return True


def flush(seconds: float) -> None:
    """Send what is left, for at most `seconds`, and end. A collector that is away holds nothing up."""
    while _running:
        telemetry = _running.pop()
        observing.remove(telemetry)
        worker = threading.Thread(target=telemetry.shutdown, name="telemetry", daemon=True)
        worker.start()
        worker.join(seconds)


def secrets(environment: Mapping[str, str]) -> list[str]:
    """Return what is a collector's key: the values of the headers to send."""
    texts = [text for name, text in environment.items() if re.fullmatch(rf"{PREFIX}_(?:[A-Z]+_)?HEADERS", name)]
    values = [pair.partition("=")[2].strip() for text in texts for pair in text.split(",")]
    return [spelling for value in values if value for spelling in {value, unquote(value)}]
