"""The answers of a real Gitea 1.27.3 and of a real Forgejo 12, one file each: the request, and the response."""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx

from support.captures import Capture, read

FIXTURES = Path(__file__).parent.parent / "fixtures"


@dataclass(frozen=True)
class ForgeCapture(Capture):
    """`is_cut`: the file has only the beginning of a long body, of a list its first whole items."""

    is_cut: bool

    @property
    def number(self) -> int:
        return int(self.name[:3])

    @property
    def json(self) -> Any:
        return json.loads(self.body)

    def answer(self) -> httpx.Response:
        headers = {name: value for name, value in self.headers.items() if name != "Content-Length"}
        return httpx.Response(self.status, headers=headers, content=self.body)


def gitea(number: int) -> ForgeCapture:
    return CAPTURES[number]


def forgejo(number: int) -> ForgeCapture:
    """The same request to Forgejo, where its answer differs from Gitea's in more than words."""
    return OF_FORGEJO[number]


def _read(path: Path) -> ForgeCapture:
    capture = read(path)
    is_cut = "cut_from_bytes" in json.loads(path.read_text(encoding="utf-8"))["response"]
    body = capture.body
    if is_cut and body.startswith(b"["):
        body = json.dumps(list(_whole_items(body.decode()))).encode()
    return ForgeCapture(capture.name, capture.request, capture.status, capture.headers, body, is_cut)


def _whole_items(text: str) -> Any:
    decoder, at = json.JSONDecoder(), 1
    while True:
        try:
            item, at = decoder.raw_decode(text, at)
        except ValueError:
            return
        yield item
        at += 1  # the comma


def _read_all(folder: str) -> dict[int, ForgeCapture]:
    found = [_read(path) for path in sorted((FIXTURES / folder).glob("[0-9]*.json"))]
    return {capture.number: capture for capture in found}


CAPTURES = _read_all("gitea-1.27.3")
OF_FORGEJO = _read_all("forgejo-12")
