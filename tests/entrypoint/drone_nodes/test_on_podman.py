"""The command against a real daemon, with real podman and a real registry."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest

from support.node_daemon import make_node, node_daemon
from support.podman import wait_for_answer
from support.ports import free_port

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from support.nodes_desk import Desk
    from support.podman import PodmanHost

pytestmark = pytest.mark.podman

SHOP = """\
name = "shop"
node = "node-1"
active = true # until the sale ends

[[components]]
name = "web"
image = "IMAGE" # never latest
ports = ["127.0.0.1:PORT:8080"]
health = { http = "http://127.0.0.1:PORT/", interval = "200ms", retries = 20 }
"""


@pytest.fixture
def node(desk: Desk, podman: PodmanHost, tmp_path: Path) -> Iterator[Desk]:
    """A desk whose configuration has a node with a running daemon, and the token of its admin."""
    folder = make_node(tmp_path / "node", node="node-1", podman="podman", paths={"files": "/srv"})
    with node_daemon(folder, within=podman.inside(), **podman.environment) as daemon:
        added = desk.run("node", "add", "node-1", daemon.address, "--ca-file", str(folder.authority.file))
        assert added.code == 0, added.err
        logged_in = desk.run("login", text=folder.tokens["alice"] + "\n")
        assert "alice (admin) on node-1" in logged_in.err
        desk.reader = folder.tokens["bob"]
        yield desk


def done(desk: Desk, *arguments: str) -> Any:
    """Run a command that succeeds, and return its JSON."""
    ended = desk.run(*arguments, "--json")
    assert ended.code == 0, (ended.out, ended.err)
    return json.loads(ended.out)


def test_a_service_is_deployed_goes_back_from_a_bad_version_and_is_stopped(node: Desk, podman: PodmanHost) -> None:
    port = free_port()
    address = f"http://127.0.0.1:{port}/"
    text = SHOP.replace("PORT", str(port))
    path = node.define("shop", text.replace("IMAGE", podman.image("v1.0.0")))
    plan = done(node, "plan", "shop")
    assert [(step["component"], step["action"]) for step in plan["steps"]] == [("web", "create")]
    deployed = done(node, "deploy", "shop", "--plan", plan["plan"])
    assert [(result["component"], result["action"]) for result in deployed["results"]] == [("web", "created")]
    assert wait_for_answer(address) == "v1.0.0\n"

    node.define("shop", text.replace("IMAGE", podman.image("broken")))
    broken = node.run("deploy", "shop")
    assert broken.code == 1
    assert "cannot open the database" in broken.out  # the last lines of the failed container
    assert "The old containers run again." in broken.out
    assert wait_for_answer(address) == "v1.0.0\n"

    node.define("shop", text.replace("IMAGE", podman.image("v1.1.0")))
    done(node, "deploy", "shop")
    assert wait_for_answer(address) == "v1.1.0\n"
    done(node, "rollback", "shop")
    assert wait_for_answer(address) == "v1.0.0\n"
    revisions = done(node, "revisions", "shop")["revisions"]
    assert [revision["outcome"] for revision in revisions] == ["deployed", "deployed", "rolled-back", "deployed"]
    assert "v1.0.0" in node.run("logs", "shop").out

    before = path.read_text()
    done(node, "stop", "shop")
    assert path.read_text() == before.replace("active = true #", "active = false #")
    [container] = done(node, "ps")["nodes"][0]["services"][0]["components"]
    assert container["observed"] in {"STATE_STOPPED", "STATE_REMOVED"}
    done(node, "start", "shop")
    assert path.read_text() == before
    assert wait_for_answer(address) == "v1.0.0\n"


def test_a_node_that_runs_containers_already_is_adopted_and_exported(node: Desk, podman: PodmanHost) -> None:
    podman.podman("run", "--detach", "--name", "blog-web", "--env", "LEVEL=info", podman.image("v1.0.0"))
    podman.podman("run", "--detach", "--name", "other", podman.image("v1.0.0"))
    ignored = done(node, "sync")["nodes"][0]["ignored"]
    assert sorted(ignored) == ["blog-web", "other"]
    adopted = done(node, "adopt", "blog", "--node", "node-1")
    assert [(result["component"], result["action"]) for result in adopted["results"]] == [("web", "adopted")]
    exported = node.run("service", "export", "blog")
    assert exported.code == 0, exported.err
    text = (node.services / "blog.toml").read_text()
    assert f'image = "{podman.image("v1.0.0")}"' in text
    assert 'env = {LEVEL = "info"}' in text
    again = node.run("service", "export", "blog")
    assert (again.code, "defines blog already" in again.err) == (77, True)


def test_files_and_secrets_reach_the_node_and_a_reader_changes_nothing(node: Desk, podman: PodmanHost) -> None:
    node.define("shop", SHOP.replace("IMAGE", podman.image("v1.0.0")).replace("PORT", str(free_port())))
    (node.folder / "app.conf").write_text("level = info\n")
    assert node.run("push", "shop", "app.conf", "conf/app.conf").code == 0
    assert (podman.srv / "shop" / "conf" / "app.conf").read_text() == "level = info\n"
    assert node.run("pull", "shop", "conf/app.conf", "-").out == "level = info\n"
    refused = node.run("pull", "shop", "../../etc/passwd", "-")
    assert (refused.code, refused.out) == (2, "")

    assert node.run("secret", "put", "db-password", "--node", "node-1", text="s3cr3t").code == 0
    listed = node.run("secret", "list", "--node", "node-1")
    assert "db-password" in listed.out
    assert "s3cr3t" not in listed.out

    for command in (
        ["deploy", "shop"],
        ["push", "shop", "app.conf"],
        ["secret", "remove", "db-password", "-n", "node-1"],
    ):
        assert node.run(*command, MCP_TOKEN=node.reader).code == 77
    assert node.run("list", MCP_TOKEN=node.reader).code == 0
    assert not podman.podman("ps", "--all", "--quiet")
