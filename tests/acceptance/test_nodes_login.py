"""`drone-nodes login` at a real identity server, for a real daemon that validates its tokens there."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from support.identity import CLIENT, identity_server
from support.node_daemon import make_node, node_daemon
from support.nodes_desk import Desk

if TYPE_CHECKING:
    from pathlib import Path

pytestmark = [pytest.mark.identity, pytest.mark.checkout]


def write_secret(path: Path, name: str) -> str:
    path.write_text(f"{name}-secret\n")
    path.chmod(0o600)
    return str(path)


def test_an_unattended_login_opens_the_nodes(tmp_path: Path) -> None:
    desk = Desk(tmp_path)
    write_secret(tmp_path / "alice", "alice")
    with identity_server() as identity:
        introspection = {
            "url": identity.urls["introspection"],
            "client_id": CLIENT,
            "client_secret_file": write_secret(tmp_path / "node-secret", CLIENT),
        }
        node = make_node(tmp_path / "node", auth={"introspection": introspection})
        with node_daemon(node) as daemon:
            desk.configuration.write_text(
                f'[auth]\ntoken_url = "{identity.urls["token"]}"\nclient_id = "alice"\nclient_secret_file = "alice"\n'
                f'scope = "nodes:admin"\n'
                f'[[nodes]]\nname = "web-1"\naddress = "{daemon.address}"\nca_file = "{node.authority.file}"\n'
            )
            before = desk.run("list")
            login = desk.run("login")
            after = desk.run("node", "list")
    assert (before.code, "Run drone-nodes login" in before.err) == (77, True)
    assert (login.code, "alice (admin) on web-1" in login.err) == (0, True), login.err
    assert "alice (admin)" in after.out
