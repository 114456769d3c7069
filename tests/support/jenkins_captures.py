"""The answers of a real Jenkins 2.579, one file each: the request, and the response as our client would have it."""

from __future__ import annotations

import base64
import json
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

from ci_mcp_http.call import Call
from ci_mcp_http.response import Response

FIXTURES = Path(__file__).parent.parent / "fixtures" / "jenkins-2.579"


@dataclass(frozen=True)
class JenkinsCapture:
    """One exchange; `content` is the whole file."""

    name: str
    content: dict[str, Any]

    def __str__(self) -> str:
        return self.name

    @property
    def status(self) -> int:
        return int(self.content["status"])

    @property
    def method(self) -> str:
        return str(self.content["request"]["method"])

    @property
    def path(self) -> str:
        return str(self.content["request"]["path"])

    @cached_property
    def response(self) -> Response:
        """The response; of a page that was shortened in the recording, only status and headers are there."""
        if "json" in self.content:
            body = json.dumps(self.content["json"]).encode()
        elif "body_base64" in self.content:
            body = base64.b64decode(self.content["body_base64"])
        else:
            body = (self.content.get("body") or "").encode()
        headers = {name.lower(): value for name, value in self.content["headers"]}
        return Response(status=self.status, headers=headers, body=body, with_token="anonymous" not in self.user)

    @property
    def user(self) -> str:
        return str(self.content["request"]["as"])

    def call(self) -> Call[Any]:
        """A call that this could be the response to."""
        return Call(
            operation="test",
            subject="the job app",
            method=self.method,
            path=self.path.partition("?")[0],
            template="/",
            read=lambda _, response: response,
            scope="app",
            writes=self.method == "POST",
        )


def jenkins_capture(name: str) -> JenkinsCapture:
    return JenkinsCapture(name, json.loads((FIXTURES / f"{name}.json").read_text(encoding="utf-8")))


def jenkins_captures() -> list[JenkinsCapture]:
    return [jenkins_capture(path.stem) for path in sorted(FIXTURES.glob("*.json"))]
