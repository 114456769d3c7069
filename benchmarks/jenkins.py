"""Measures what the largest artifact and the end of a very long log cost the Jenkins server, next to a plain client.

    python benchmarks/jenkins.py [--artifact MIB] [--log MIB] [--check]

A process of `drone-mcp-jenkins` reads from a server in this one, which sends zeros and lines, and never holds the
artifact or the log. The reference downloads the same with httpx in this process, in the same run. What is measured:

    artifact  saving it: the time as a ratio to the reference (which hashes and writes as well), and memory
    log       its last lines: requests for the log, bytes of it that were sent, and memory

Memory is by how much the peak of the process grew since the same call with a small artifact or log. With --check the
status is 1 where a budget is broken. Linux.
"""

from __future__ import annotations

import argparse
import hashlib
import json
import os
import subprocess
import sys
import tempfile
import threading
import time
from contextlib import suppress
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import httpx

ARTIFACT_TIME = 4.0  # ratio to the reference
ARTIFACT_MEMORY, LOG_MEMORY = 30, 10  # MiB
LOG_REQUESTS, LOG_SENT = 1, 2**20  # requests, bytes

PIECE = bytes(2**16)
LINE = b"[INFO] compiling module number 000001 of the project\n"
BUILD = json.dumps(
    {"_class": "hudson.model.FreeStyleRun", "fullName": "app", "name": "app", "number": 2, "result": "SUCCESS"}
).encode()
SMALL = 1000  # bytes of the artifact and the log of build 1
HANDSHAKE = {"protocolVersion": "2025-06-18", "capabilities": {}, "clientInfo": {"name": "benchmark", "version": "1"}}


@dataclass
class Jenkins:
    """A job whose build 1 is small, and whose build 2 has a large artifact and a long log; sizes are bytes."""

    artifact: int
    log: int
    log_requests: list[int] = field(default_factory=list)

    def serve(self) -> ThreadingHTTPServer:
        """Serve it from another thread; `log_requests` gets the bytes that each request for a log was sent."""
        jenkins = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def do_GET(self) -> None:
                is_small = "/1/" in self.path
                with suppress(ConnectionError):  # the client has read enough
                    if "/artifact/" in self.path:
                        self._send_artifact(SMALL if is_small else jenkins.artifact)
                    elif "/logText/" in self.path:
                        self._send_log_end(SMALL if is_small else jenkins.log)
                    else:
                        self._start("application/json", len(BUILD))
                        self.wfile.write(BUILD)

            def _send_artifact(self, size: int) -> None:
                self._start("application/octet-stream", size)
                for _ in range(size // len(PIECE)):
                    self.wfile.write(PIECE)
                self.wfile.write(PIECE[: size % len(PIECE)])

            def _send_log_end(self, size: int) -> None:
                """Answer as Jenkins since 2.534 does for a negative `start`: from the beginning of a line on."""
                asked = min(size, -int(self.path.rpartition("start=")[2]))
                lines = LINE * (asked // len(LINE))
                meta = json.dumps({"completed": True, "start": size - len(lines), "end": size}).encode()
                parts = ((b"text", lines), (b"meta", meta))
                body = b"".join(
                    b'--x\r\nContent-Disposition: form-data; name="%s"\r\n\r\n%s\r\n' % part for part in parts
                )
                jenkins.log_requests.append(len(body))
                self._start('multipart/form-data; boundary="x"', len(body) + len(b"--x--\r\n"))
                self.wfile.write(body + b"--x--\r\n")

            def _start(self, kind: str, size: int) -> None:
                self.send_response(200)
                self.send_header("X-Jenkins", "2.579")
                self.send_header("Content-Type", kind)
                self.send_header("Content-Length", str(size))
                self.end_headers()

            def log_message(self, *_: object) -> None:
                """Log nothing."""

        server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        threading.Thread(target=server.serve_forever, daemon=True).start()
        return server


class Process:
    """A process of the server, whose calls wait for their answer."""

    def __init__(self, environment: dict[str, str]) -> None:
        self._process = subprocess.Popen(
            [sys.executable, "-m", "jenkins_mcp"],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            text=True,
            env={**os.environ, **environment},
        )
        self.request("initialize", HANDSHAKE)
        self._send(method="notifications/initialized")

    def request(self, method: str, params: dict[str, Any]) -> dict[str, Any]:
        """Send a request and return its result."""
        self._send(id=1, method=method, params=params)
        if self._process.stdout is None:
            raise RuntimeError("the process has no output")
        for line in self._process.stdout:
            message: dict[str, Any] = json.loads(line)
            if message.get("id") == 1:
                result: dict[str, Any] = message["result"]
                return result
        raise RuntimeError("the process ended instead of answering")

    def call(self, tool: str, **arguments: Any) -> dict[str, Any]:
        """Call a tool about the job and return its structured answer."""
        answer = self.request("tools/call", {"name": tool, "arguments": {"job": "app", **arguments}})
        if answer.get("isError"):
            raise RuntimeError(answer["content"][0]["text"])
        data: dict[str, Any] = answer["structuredContent"]
        return data

    def peak(self) -> float:
        """Return the most memory that it has had, in MiB."""
        status = Path(f"/proc/{self._process.pid}/status").read_text(encoding="utf-8")
        return next(int(line.split()[1]) for line in status.splitlines() if line.startswith("VmHWM")) / 1024

    def end(self) -> None:
        """End it."""
        self._process.terminate()
        self._process.wait()

    def _send(self, **message: Any) -> None:
        if self._process.stdin is None:
            raise RuntimeError("the process has no input")
        self._process.stdin.write(json.dumps({"jsonrpc": "2.0", **message}) + "\n")
        self._process.stdin.flush()


def measure_artifact(process: Process, address: str, folder: Path) -> tuple[float, float]:
    """Return how long saving the artifact of build 2 takes as a ratio to the reference, and the MiB that it needs."""
    asked = {"path": "a.bin", "form": "file"}
    process.call("jenkins_get_artifact", build="1", **asked)  # everything is imported now
    before, started = process.peak(), time.perf_counter()
    answer = process.call("jenkins_get_artifact", build="2", **asked)
    ours = time.perf_counter() - started
    started, digest = time.perf_counter(), hashlib.sha256()
    with (folder / "reference").open("wb") as file, httpx.stream("GET", f"{address}/job/app/2/artifact/a.bin") as whole:
        for piece in whole.iter_raw():
            digest.update(piece)
            file.write(piece)
    if answer["sha256"] != digest.hexdigest():
        raise RuntimeError("the two files differ")
    return ours / (time.perf_counter() - started), process.peak() - before


def measure_log(process: Process, jenkins: Jenkins) -> tuple[list[int], float]:
    """Return the bytes that each request for the end of the log of build 2 was sent, and the MiB that it needs."""
    process.call("jenkins_get_build_log", build="1")
    before = process.peak()
    jenkins.log_requests.clear()
    answer = process.call("jenkins_get_build_log", build="2")
    if not answer["logs"][0]["end"]:
        raise RuntimeError("this is not the end of the log")
    return jenkins.log_requests, process.peak() - before


def main() -> int:
    """Measure both and print what they took; return 1 where a budget is to be checked and is broken."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--artifact", type=int, default=1024, metavar="MIB", help="its size (default: 1024)")
    parser.add_argument("--log", type=int, default=477, metavar="MIB", help="its size (default: 477, 500 MB)")
    parser.add_argument("--check", action="store_true", help="fail where a budget is broken")
    options = parser.parse_args()
    jenkins = Jenkins(options.artifact * 2**20, options.log * 2**20)
    server = jenkins.serve()
    address = f"http://127.0.0.1:{server.server_port}"
    with tempfile.TemporaryDirectory() as folder:
        # A process for each, as a peak never falls.
        environment = {
            "JENKINS_URL": address,
            "JENKINS_USERNAME": "dev",
            "JENKINS_API_TOKEN": "a-token-of-the-benchmark",
            "JENKINS_ARTIFACTS_DIR": folder,
        }
        saving, reading = Process(environment), Process(environment)
        ratio, artifact_memory = measure_artifact(saving, address, Path(folder))
        sent, log_memory = measure_log(reading, jenkins)
        saving.end()
        reading.end()
    server.shutdown()
    figures = [
        (f"artifact of {options.artifact} MiB, time", ratio, ARTIFACT_TIME, "x"),
        (f"artifact of {options.artifact} MiB, memory", artifact_memory, ARTIFACT_MEMORY, "MiB"),
        (f"end of a log of {options.log} MiB, requests", len(sent), LOG_REQUESTS, ""),
        (f"end of a log of {options.log} MiB, sent", sum(sent), LOG_SENT, "bytes"),
        (f"end of a log of {options.log} MiB, memory", log_memory, LOG_MEMORY, "MiB"),
    ]
    for what, value, budget, unit in figures:
        verdict = "" if value <= budget else "  BROKEN"
        print(f"{what}: {value:.4g} {unit} (at most {budget} {unit}){verdict}".replace(" )", ")"))
    return int(options.check and any(value > budget for _, value, budget, _ in figures))


if __name__ == "__main__":
    sys.exit(main())
