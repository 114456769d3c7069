"""Real monitoring services of the tests' own, on free ports of this machine, each started where a test asks for it."""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
import threading
import time
from contextlib import contextmanager
from pathlib import Path
from typing import IO, TYPE_CHECKING, Any

import httpx
import pytest

from support.patience import PATIENCE
from support.ports import free_port

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

BUILT = Path(__file__).parents[2] / ".cache" / "monitoring" / "bin"  # by scripts/monitoring-services
MINUTE = 60


def program(name: str, how: str) -> str:
    """Find a program; without it, tests are skipped where a person runs them and fail where CI does."""
    found = shutil.which(name) or shutil.which(name, path=str(BUILT))
    if found:
        return found
    missing = f"needs the program {name} ({how})"
    if os.environ.get("CI"):
        pytest.fail(missing)
    pytest.skip(missing)


@contextmanager
def running(command: Sequence[str], ready: str) -> Iterator[None]:
    """Run a service until the end of the block, which begins when the service has written a line with `ready`."""
    process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
    assert process.stdout
    said: list[str] = []
    may_go_on = threading.Event()
    # The whole output is read, or the service would stop when the pipe is full.
    reader = threading.Thread(target=_read_output, args=(process.stdout, re.compile(ready), said, may_go_on))
    reader.start()
    try:
        assert may_go_on.wait(PATIENCE), f"{command[0]} did not get ready:\n{''.join(said[-20:])}"
        assert any(re.search(ready, line) for line in said), f"{command[0]} ended:\n{''.join(said[-20:])}"
        yield
    finally:
        process.kill()
        process.wait(PATIENCE)
        reader.join(PATIENCE)
        process.stdout.close()


def _read_output(output: IO[bytes], ready: re.Pattern[str], said: list[str], may_go_on: threading.Event) -> None:
    for line in output:
        said.append(line.decode("utf-8", "replace"))
        if ready.search(said[-1]):
            may_go_on.set()
    may_go_on.set()  # it has ended


def send(method: str, url: str, **content: Any) -> httpx.Response:
    """Send a request to a service as its users do."""
    with httpx.Client(trust_env=False, timeout=PATIENCE) as client:
        return client.request(method, url, **content).raise_for_status()


@contextmanager
def running_prometheus(folder: Path, metrics: str) -> Iterator[str]:
    """Run Prometheus with metrics from the past (OpenMetrics with times), and yield its address."""
    how = "Debian: apt install prometheus"
    (folder / "metrics.txt").write_text(metrics, encoding="utf-8")
    (folder / "prometheus.yml").write_text("global: {scrape_interval: 1h}\n", encoding="utf-8")
    backfill = [program("promtool", how), "tsdb", "create-blocks-from", "openmetrics"]
    subprocess.run([*backfill, folder / "metrics.txt", folder / "data"], check=True, capture_output=True)
    port = free_port()
    command = [
        program("prometheus", how),
        f"--config.file={folder / 'prometheus.yml'}",
        f"--storage.tsdb.path={folder / 'data'}",
        "--storage.tsdb.retention.time=100y",  # whatever the date: the tests have a time of their own
        f"--web.listen-address=127.0.0.1:{port}",
    ]
    with running(command, "Server is ready to receive web requests"):
        yield f"http://127.0.0.1:{port}"


@contextmanager
def running_alertmanager(folder: Path) -> Iterator[str]:
    """Run Alertmanager, which notifies nobody, and yield its address."""
    how = "Debian: apt install prometheus-alertmanager"
    (folder / "alertmanager.yml").write_text("route: {receiver: none}\nreceivers: [{name: none}]\n", encoding="utf-8")
    port = free_port()
    command = [
        program("prometheus-alertmanager", how),
        f"--config.file={folder / 'alertmanager.yml'}",
        f"--storage.path={folder}",
        f"--web.listen-address=127.0.0.1:{port}",
        "--cluster.listen-address=",
    ]
    with running(command, "Listening on"):
        yield f"http://127.0.0.1:{port}"


@contextmanager
def running_victorialogs(folder: Path) -> Iterator[str]:
    """Run VictoriaLogs, and yield its address."""
    port = free_port()
    command = [
        program("victoria-logs", "scripts/monitoring-services builds it; needs Go"),
        f"-storageDataPath={folder}",
        f"-httpListenAddr=127.0.0.1:{port}",
        "-retentionPeriod=100y",  # likewise
        "-futureRetention=100y",
    ]
    with running(command, "started VictoriaLogs"):
        yield f"http://127.0.0.1:{port}"


def write_logs(address: str, lines: Sequence[tuple[float, str, dict[str, str]]]) -> None:
    """Write lines (time, text, labels) to VictoriaLogs, and wait until they are found."""
    rows = [json.dumps({"_time": iso(at), "_msg": text, **labels}) for at, text, labels in lines]
    send("POST", f"{address}/insert/jsonline?_stream_fields=app", content="\n".join(rows).encode())
    send("GET", f"{address}/internal/force_flush")


def free_ports(count: int) -> list[int]:
    """Return ports that nobody listens at, each another one."""
    ports: set[int] = set()
    while len(ports) < count:
        ports.add(free_port())
    return list(ports)


@contextmanager
def running_jaeger() -> Iterator[tuple[str, str]]:
    """Run Jaeger, and yield the addresses of its query service and of its collector for OTLP."""
    others = [
        "admin.http",
        "collector.grpc-server",
        "collector.http-server",
        "collector.otlp.grpc",
        "query.grpc-server",
    ]
    query, collector, *ports = free_ports(2 + len(others))
    command = [
        program("jaeger-all-in-one", "scripts/monitoring-services builds it; needs Go"),
        f"--query.http-server.host-port=127.0.0.1:{query}",
        f"--collector.otlp.http.host-port=127.0.0.1:{collector}",
        *(f"--{name}.host-port=127.0.0.1:{port}" for name, port in zip(others, ports, strict=True)),
    ]
    with running(command, "Starting HTTP server.*port"):
        yield f"http://127.0.0.1:{query}", f"http://127.0.0.1:{collector}"


def iso(at: float) -> str:
    """Write a Unix time as RFC 3339."""
    return time.strftime("%Y-%m-%dT%H:%M:%S", time.gmtime(at)) + f".{int(at % 1 * 1e9):09}Z"


def fire(address: str, began: float, summary: str = "", **labels: str) -> None:
    """Let an alert fire in Alertmanager since a time."""
    alert = {"labels": labels, "annotations": {"summary": summary}, "startsAt": iso(began), "endsAt": iso(began + 1e7)}
    send("POST", f"{address}/api/v2/alerts", json=[alert])


def silence(address: str, now: float, **labels: str) -> None:
    """Silence the alerts with these labels for an hour."""
    matchers = [{"name": key, "value": value, "isRegex": False} for key, value in labels.items()]
    body = {
        "matchers": matchers,
        "startsAt": iso(now),
        "endsAt": iso(now + 60 * MINUTE),
        "createdBy": "ada",
        "comment": "known",
    }
    send("POST", f"{address}/api/v2/silences", json=body)
