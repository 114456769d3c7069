"""Turns on traces and metrics over OTLP where OTEL_EXPORTER_OTLP_ENDPOINT is set (extra `otel`); else loads nothing.

Everything is configured by OpenTelemetry's own variables (https://opentelemetry.io/docs/specs/otel/, "Environment
Variable Specification" and "OTLP Exporter Configuration"). If telemetry cannot be started, the log says so and the
server serves all the same.
"""

from __future__ import annotations

import logging
import threading
import time
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from ci_mcp_kit import observing

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from ci_mcp_kit.otel_observer import Telemetry

logger = logging.getLogger(__name__)

PREFIX: Final = "OTEL_EXPORTER_OTLP"
PROTOCOL: Final = "http/protobuf"
SELDOM: Final = 300.0  # seconds between two log records of an exporter
AT_END: Final = 0.25  # seconds for the last export where a client waits for the process to end
AT_STOP: Final = 3.0  # the same where a service is stopped

_running: list[Telemetry] = []


@dataclass(frozen=True)
class Signals:
    """The signals to send."""

    traces: bool
    metrics: bool


NOTHING: Final = Signals(traces=False, metrics=False)


def wanted(environment: Mapping[str, str]) -> Signals:
    """Decide by the environment which signals to send."""
    if environment.get("OTEL_SDK_DISABLED", "").strip().lower() == "true":
        return NOTHING
    return Signals(traces=_is_wanted("TRACES", environment), metrics=_is_wanted("METRICS", environment))


def _is_wanted(signal: str, environment: Mapping[str, str]) -> bool:
    names = (f"{PREFIX}_ENDPOINT", f"{PREFIX}_{signal}_ENDPOINT")
    exporter = environment.get(f"OTEL_{signal}_EXPORTER", "").strip() or "otlp"
    return exporter == "otlp" and any(environment.get(name, "").strip() for name in names)


def start(service: str, environment: Mapping[str, str], *, over_http: bool) -> None:
    """Start to send traces and metrics, if the environment asks for it.

    Args:
        service: the name of this service, unless OTEL_SERVICE_NAME is set.
        environment: the environment of the process; the exporters read `os.environ` themselves.
        over_http: whether the process serves many clients, or one over stdin and stdout.
    """
    signals = wanted(environment)
    if not (signals.traces or signals.metrics):
        return
    protocol = environment.get(f"{PREFIX}_PROTOCOL", "").strip() or PROTOCOL
    if protocol != PROTOCOL:
        logger.warning("Telemetry is off: %s_PROTOCOL is %r, and only %s is spoken here", PREFIX, protocol, PROTOCOL)
        return
    try:
        from ci_mcp_kit.otel_observer import Telemetry  # noqa: PLC0415 - an extra, and a tenth of the start

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
    """Lets one record through every five minutes: an exporter would log twice a second that its collector is away."""

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
    """Send the remaining data, for at most `seconds`, and end; a collector that is away does not delay the end."""
    while _running:
        telemetry = _running.pop()
        observing.remove(telemetry)
        # In a thread, because the exporters try again for longer than anyone waits for the end of a process.
        worker = threading.Thread(target=telemetry.shutdown, name="telemetry", daemon=True)
        worker.start()
        worker.join(seconds)
