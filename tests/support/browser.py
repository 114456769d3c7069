"""A real headless Chromium, driven through the DevTools protocol over two pipes.

https://chromedevtools.github.io/devtools-protocol/: messages of JSON, each with a zero byte at its end.
"""

from __future__ import annotations

import base64
import itertools
import json
import os
import select
import shutil
import subprocess
import time
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

import pytest

from support.patience import PATIENCE

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

# No sandbox: it needs privileges that a container of CI does not have. The pages are our own.
FLAGS = (
    "--headless=new", "--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage", "--no-first-run",
    "--disable-background-networking", "--disable-component-update", "--disable-sync", "--hide-scrollbars",
    "--force-color-profile=srgb", "--remote-debugging-pipe",
)  # fmt: skip


def binary() -> str:
    """Find the program; without it, tests are skipped where a person runs them and fail where CI does."""
    found = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
    if found:
        return found
    missing = "needs a Chromium (Debian: apt install chromium)"
    if os.environ.get("CI"):
        pytest.fail(missing)
    pytest.skip(missing)


class Browser:
    """One open page."""

    def __init__(self, commands: int, answers: int) -> None:
        self._commands = commands
        self._answers = answers
        self._numbers = itertools.count(1)
        self._rest = b""
        self._session = ""
        self.complaints: list[str] = []
        """What the console of the page says, like violations of its Content-Security-Policy."""
        target = self.send("Target.createTarget", url="about:blank")["targetId"]
        self._session = self.send("Target.attachToTarget", targetId=target, flatten=True)["sessionId"]
        for domain in ("Page", "Runtime", "Log"):
            self.send(f"{domain}.enable")

    def send(self, method: str, **params: Any) -> dict[str, Any]:
        """Send a command and return its result."""
        number = next(self._numbers)
        session = {"sessionId": self._session} if self._session else {}
        data = json.dumps({"id": number, "method": method, "params": params, **session}).encode() + b"\0"
        while data:
            data = data[os.write(self._commands, data) :]
        while True:
            message = self._read()
            if message.get("id") == number:
                assert "error" not in message, message
                return dict(message["result"])

    def _read(self) -> dict[str, Any]:
        while b"\0" not in self._rest:
            assert select.select([self._answers], [], [], PATIENCE)[0], "the browser says nothing"
            data = os.read(self._answers, 2**20)
            assert data, "the browser has ended"
            self._rest += data
        line, _, self._rest = self._rest.partition(b"\0")
        message: dict[str, Any] = json.loads(line)
        if message.get("method") == "Log.entryAdded":
            self.complaints.append(message["params"]["entry"]["text"])
        return message

    def resize(self, width: int, height: int, *, mobile: bool = False) -> None:
        """Give the page the screen of a device."""
        self.send("Emulation.setDeviceMetricsOverride", width=width, height=height, deviceScaleFactor=1, mobile=mobile)

    def open(self, url: str) -> None:
        """Load a page."""
        assert "errorText" not in self.send("Page.navigate", url=url)
        self.until(lambda: self.evaluate("document.readyState") == "complete")

    def evaluate(self, expression: str) -> Any:
        """Return the value of an expression in the page; None while there is none, as between two pages."""
        answer = self.send("Runtime.evaluate", expression=expression, returnByValue=True)
        return answer["result"].get("value")

    def text(self) -> str:
        """Return what a person reads."""
        return str(self.evaluate("document.body && document.body.innerText") or "")

    def until(self, holds: Callable[[], bool]) -> None:
        """Wait until something holds; the page changes by itself."""
        end = time.monotonic() + PATIENCE
        while not holds():
            assert time.monotonic() < end, self.text()
            select.select([self._answers], [], [], 0.05)

    def picture(self, file: Path) -> None:
        """Take a picture of the whole page, as PNG."""
        size = self.send("Page.getLayoutMetrics")["cssContentSize"]
        clip = {"x": 0, "y": 0, "width": size["width"], "height": size["height"], "scale": 1}
        data = self.send("Page.captureScreenshot", format="png", clip=clip, captureBeyondViewport=True)["data"]
        file.write_bytes(base64.b64decode(data))


@contextmanager
def running_browser(folder: Path) -> Iterator[Browser]:
    """Run a browser with a profile of its own; it has ended after the block."""
    its_input, commands = os.pipe()
    answers, its_output = os.pipe()

    def take_pipes() -> None:
        os.dup2(its_input, 3)  # the numbers that --remote-debugging-pipe takes
        os.dup2(its_output, 4)

    command = [binary(), *FLAGS, f"--user-data-dir={folder}"]
    with (
        (folder / "chromium.log").open("wb") as log,
        # preexec_fn: of a program that starts no threads of ours before, and needs the pipes at these numbers.
        subprocess.Popen(command, stdout=log, stderr=log, pass_fds=(3, 4), preexec_fn=take_pipes) as process,  # noqa: PLW1509 - see above
    ):
        os.close(its_input)
        os.close(its_output)
        try:
            yield Browser(commands, answers)
        finally:
            process.kill()
            os.close(commands)
            os.close(answers)
