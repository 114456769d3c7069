"""A real identity server: oidc-provider, which `scripts/check-identity` installs."""

from __future__ import annotations

import json
import shutil
import subprocess
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import httpx

from support.patience import PATIENCE

if TYPE_CHECKING:
    from collections.abc import Iterator

ROOT = Path(__file__).parents[2]
CLIENT = "the node"


@dataclass
class IdentityProcess:
    """A running identity server."""

    process: subprocess.Popen[str]
    urls: dict[str, str]

    def issue(self, name: str) -> str:
        """Get a token with all scopes that a client of the server may have."""
        scopes = {"alice": "nodes:admin", "bob": "nodes:reader", "brief": "nodes:reader", "eve": "other"}
        body = {"grant_type": "client_credentials", "scope": scopes[name]}
        answer = self._post("token", body, name)
        token: str = answer.json()["access_token"]
        return token

    def revoke(self, token: str, name: str) -> None:
        """End a token before its time (RFC 7009)."""
        self._post("revocation", {"token": token}, name)

    def _post(self, place: str, body: dict[str, str], name: str) -> httpx.Response:
        auth = httpx.BasicAuth(name, f"{name}-secret")
        with httpx.Client(trust_env=False, timeout=PATIENCE) as client:
            return client.post(self.urls[place], data=body, auth=auth).raise_for_status()


@contextmanager
def identity_server() -> Iterator[IdentityProcess]:
    """Run an identity server on a free port."""
    node = shutil.which("node")
    assert node, "scripts/check-identity puts Node on the path"
    command = [node, str(ROOT / "tests/identity/server.mjs"), str(ROOT / ".cache/identity")]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True) as process:
        try:
            assert process.stdout
            yield IdentityProcess(process, json.loads(process.stdout.readline()))
        finally:
            process.kill()
