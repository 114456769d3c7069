"""The answers of a real Drone 2.25.0, one file each: the request, and the response to the byte."""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import parse_qsl, urlsplit

FIXTURES = Path(__file__).parent.parent / "fixtures" / "drone-2.25.0"
MORE = FIXTURES / "second"  # of another session, with a fresh server


@dataclass(frozen=True)
class Capture:
    name: str
    request: dict[str, Any]
    status: int
    headers: dict[str, str]
    body: bytes

    @property
    def path(self) -> str:
        return urlsplit(str(self.request["path"])).path

    @property
    def params(self) -> set[tuple[str, str]]:
        return set(parse_qsl(urlsplit(str(self.request["path"])).query))

    @property
    def content_type(self) -> str:
        return self.headers.get("Content-Type", "")


def read(path: Path) -> Capture:
    content = json.loads(path.read_text(encoding="utf-8"))
    response = content["response"]
    return Capture(
        path.stem, content["request"], response["status"], response["headers"], response["body_text"].encode()
    )


def all_captures() -> list[Capture]:
    return [read(path) for path in sorted(FIXTURES.glob("[0-9]*.json"))]


def capture(number: int) -> Capture:
    (path,) = FIXTURES.glob(f"{number:03}_*.json")
    return read(path)


def transcript(name: str) -> bytes:
    return (FIXTURES / f"sse_{name}.txt").read_bytes()


def more_captures() -> list[Capture]:
    return [read(path) for path in sorted(MORE.glob("[0-9]*.json"))]


def more_deliveries() -> list[str]:
    lines = (MORE / "webhooks_more.jsonl").read_text(encoding="utf-8").splitlines()
    return [json.loads(line)[3] for line in lines]


def more_transcript() -> bytes:
    return (MORE / "sse_repo_feed.txt").read_bytes()
