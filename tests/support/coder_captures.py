"""The recorded answers of a real Coder 2.36, and of AgentAPI behind its app proxy."""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import parse_qsl, urlsplit

from ci_mcp_http.response import Response
from ci_mcp_kit.answer import to_json

FIXTURES = Path(__file__).parent.parent / "fixtures" / "coder-2.36.0"


@dataclass(frozen=True)
class CoderCapture:
    name: str
    request: dict[str, Any]
    status: int
    headers: dict[str, str]
    body: Any

    @property
    def path(self) -> str:
        return urlsplit(str(self.request["path"])).path

    @property
    def query(self) -> dict[str, str]:
        return dict(parse_qsl(urlsplit(str(self.request["path"])).query))

    @property
    def response(self) -> Response:
        """The response as our client reads it."""
        body = self.body if isinstance(self.body, str) else to_json(self.body)
        headers = {name.lower(): value for name, value in self.headers.items()}
        later = headers.get("retry-after")
        return Response(
            status=self.status,
            headers=headers,
            body=body.encode(),
            with_token="Coder-Session-Token" in (self.request.get("headers") or {}),
            retry_after=float(later) if later else None,
        )


def coder_capture(name: str) -> CoderCapture:
    content = json.loads((FIXTURES / f"{name}.json").read_text(encoding="utf-8"))
    response = content["response"]
    return CoderCapture(name, content["request"], response["status"], response["headers"], response.get("body"))


CODER_CAPTURES = {
    name: coder_capture(name)
    for name in sorted(str(path.relative_to(FIXTURES).with_suffix("")) for path in FIXTURES.rglob("*.json"))
}
