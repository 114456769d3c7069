"""Measures how fast a large artifact of Jenkins is saved, and the memory that the server's process needs for it.

    python benchmarks/artifacts.py [--mebibytes 1024]

A process of `drone-mcp-jenkins` reads from a server in this one, which sends zeros and never holds the artifact. Linux.
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
import tempfile
import threading
import time
from contextlib import suppress
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

PIECE = bytes(2**16)
JOB = json.dumps({"_class": "hudson.model.FreeStyleProject", "name": "app", "fullName": "app"}).encode()
HANDSHAKE = {"protocolVersion": "2025-06-18", "capabilities": {}, "clientInfo": {"name": "benchmark", "version": "1"}}


def serve(size: int) -> ThreadingHTTPServer:
    """Return a server that has a job and an artifact of `size` bytes."""

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_GET(self) -> None:
            is_artifact = "/artifact/" in self.path
            self.send_response(200)
            self.send_header("X-Jenkins", "2.579")
            self.send_header("Content-Type", "application/octet-stream" if is_artifact else "application/json")
            self.send_header("Content-Length", str(size if is_artifact else len(JOB)))
            self.end_headers()
            with suppress(ConnectionError):  # the server has read enough
                for piece in [PIECE] * (size // len(PIECE)) if is_artifact else [JOB]:
                    self.wfile.write(piece)

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

    def call(self, **arguments: Any) -> dict[str, Any]:
        """Ask for the artifact."""
        arguments = {"job": "app", "build": 1, "path": "a.bin", **arguments}
        answer = self.request("tools/call", {"name": "jenkins_get_artifact", "arguments": arguments})
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


def main() -> None:
    """Save one artifact and print what it took."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0] if __doc__ else None)
    parser.add_argument("--mebibytes", type=int, default=1024, help="the size of the artifact (default: 1024)")
    size = parser.parse_args().mebibytes * 2**20
    server = serve(size)
    with tempfile.TemporaryDirectory() as folder:
        process = Process(
            {
                "JENKINS_URL": f"http://127.0.0.1:{server.server_port}",
                "JENKINS_USERNAME": "dev",
                "JENKINS_API_TOKEN": "a-token-of-the-benchmark",
                "JENKINS_ARTIFACTS_DIR": folder,
            }
        )
        process.call()  # everything is imported now
        before, started = process.peak(), time.perf_counter()
        answer = process.call(form="file")
        seconds, after = time.perf_counter() - started, process.peak()
        process.end()
    server.shutdown()
    print(
        f"saved {answer['size'] / 2**20:.0f} MiB in {seconds:.1f} s ({answer['size'] / 2**20 / seconds:.0f} MiB/s); "
        f"memory {before:.0f} MiB before, {after:.0f} MiB at most: {after - before:.1f} MiB for the artifact"
    )


if __name__ == "__main__":
    main()
