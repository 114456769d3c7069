"""A role file with a mistake: the file, the line and what to do, for every mistake at once."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from drone_mcp_config.errors import UserError
from drone_mcp_config.roles.library import RoleLibrary, role_library
from drone_mcp_config.roles.loading import load_role

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from drone_mcp_config.installation.reading import Servers


def complaints(folder: Path, installed: Servers, name: str = "r") -> str:
    with pytest.raises(UserError) as caught:
        load_role(name, RoleLibrary((folder,)), installed)
    return str(caught.value).replace(f"{folder}/", "")


HEAD = "role: r\nservers:\n  builds: {}\n"

MISTAKES = {
    "an unknown key": (
        HEAD + "server: {}\n",
        "r.yaml:4: 'server' is not a key of a role. Did you mean 'servers'?",
    ),
    "a key like no other": (
        HEAD + "zzz: 1\n",
        "r.yaml:4: 'zzz' is not a key of a role. It has: role, description, extends, repos, servers, external, agent.",
    ),
    "an unknown key of a server": (
        "role: r\nservers:\n  builds:\n    tool: [x]\n",
        "r.yaml:4: 'tool' is not a key of the server 'builds'. Did you mean 'tools'?",
    ),
    "an unknown key of a guard": (
        "role: r\nservers:\n  actions:\n    guard:\n      repo: [octo/hello]\n",
        "r.yaml:5: 'repo' is not a key of the guard of the server 'actions'. Did you mean 'repos'?",
    ),
    "a guard of a server that only reads": (
        "role: r\nservers:\n  builds:\n    guard: {rate: 1/h}\n",
        "r.yaml:4: the server 'builds' only reads, so it has no guard; leave the key out",
    ),
    "a switch that is neither true nor false": (
        "role: r\nservers:\n  builds: {preload: always}\n",
        "r.yaml:3: servers > builds > preload: found 'always' where true or false belongs",
    ),
    "a guard that names no repository": (
        "role: r\nservers:\n  actions:\n    guard:\n      repos: []\n",
        "r.yaml:5: servers > actions > guard > repos: it is empty; leave the key out instead",
    ),
    "a guard's repository without an owner": (
        "role: r\nservers:\n  actions:\n    guard:\n      repos:\n        - octo/hello\n        - hello\n",
        (
            "r.yaml:7: servers > actions > guard > repos > item 2: found 'hello', but it takes a repository as "
            "owner/name, with * as wildcard"
        ),
    ),
    "an operation that is none": (
        "role: r\nservers:\n  actions:\n    guard: {operations: [restart, purge]}\n",
        (
            "r.yaml:4: servers > actions > guard > operations > item 2: found 'purge', but it takes "
            "'start', 'restart', 'promote', 'rollback', 'stop-preview', 'stop', 'approve' or 'decline'"
        ),
    ),
    "a rate of nothing": (
        "role: r\nservers:\n  actions:\n    guard: {rate: 0/h}\n",
        (
            "r.yaml:4: servers > actions > guard > rate: found '0/h', but it takes a number for each minute, hour or "
            "day, like 10/h"
        ),
    ),
    "an audit file somewhere": (
        "role: r\nservers:\n  actions:\n    guard: {audit: a.jsonl}\n",
        (
            "r.yaml:4: servers > actions > guard > audit: found 'a.jsonl', but it takes an absolute path, stderr, or "
            "an http:// or https:// address without a user"
        ),
    ),
    "a confirmation by a boolean": (
        "role: r\nservers:\n  actions:\n    guard: {confirm: false}\n",
        "r.yaml:4: servers > actions > guard > confirm: found 'false', but it takes 'low', 'medium' or 'high'",
    ),
    "a branch that is two": (
        "role: r\nservers:\n  actions:\n    guard: {branches: ['main,dev']}\n",
        (
            "r.yaml:4: servers > actions > guard > branches > item 1: found 'main,dev', but it takes a name with * as "
            "wildcard, and ! before it to take it away"
        ),
    ),
    "the key itself": (
        "role: r\nservers:\n  actions:\n    guard: {key: ghp_0123456789abcdefghijABCDEFGHIJ012345}\n",
        (
            "r.yaml:4: servers > actions > guard > key: "
            "this looks like a key; write the name of the variable that holds it"
        ),
    ),
    "an unknown server": (
        "role: r\nservers:\n  build: {}\n",
        "r.yaml:3: there is no server 'build'. Did you mean 'builds'?",
    ),
    "a server that is not installed": (
        "role: r\nservers:\n  jenkins: {}\n",
        "r.yaml:3: there is no server 'jenkins'. This installation has: actions, builds, logs, policy.",
    ),
    "an unknown tool": (
        "role: r\nservers:\n  builds:\n    tools:\n      - drone_get_build\n      - drone_list_build\n",
        "r.yaml:6: the server 'builds' has no tool 'drone_list_build'. Did you mean 'drone_list_builds'?",
    ),
    "a tool twice": (
        "role: r\nservers:\n  builds:\n    tools: [drone_get_build, drone_get_build]\n",
        "r.yaml:4: servers > builds > tools: 'drone_get_build' is listed twice",
    ),
    "no tools": (
        "role: r\nservers:\n  builds:\n    tools: []\n",
        "r.yaml:4: servers > builds > tools: it is empty; leave the key out instead",
    ),
    "a server without braces": (
        "role: r\nservers:\n  builds:\n",
        "r.yaml:3: servers > builds: found nothing where a mapping (name: value) belongs; write {} to take it as it is",
    ),
    "servers as a list": (
        "role: r\nservers: [builds]\n",
        "r.yaml:2: servers: found a list where a mapping (name: value) belongs",
    ),
    "a number for a word": (
        HEAD + "description: 7\n",
        "r.yaml:4: description: found '7' where text belongs; put it in quotes",
    ),
    "true for a word": (
        HEAD + "description: true\n",
        "r.yaml:4: description: found 'true' where text belongs; put it in quotes",
    ),
    "no name": ("servers:\n  builds: {}\n", "r.yaml:1: a role has no 'role'"),
    "another name than the file's": (
        "role: q\nservers: {builds: {}}\n",
        "r.yaml:1: role: 'q' is in a file named 'r.yaml'; the two have to be the same",
    ),
    "no servers": ("role: r\n", "r.yaml:1: the role has no servers; name at least one under 'servers'"),
    "an empty file": ("", "r.yaml:1: the file is empty; a role starts with 'role: NAME'"),
    "only a comment": ("# soon\n", "r.yaml:1: the file is empty; a role starts with 'role: NAME'"),
    "a list": ("- r\n", "r.yaml:1: a role file is a mapping that starts with 'role: NAME'"),
    "a word": ("r\n", "r.yaml:1: a role file is a mapping that starts with 'role: NAME'"),
    "a tab": ("role: r\nservers:\n\tbuilds: {}\n", "r.yaml:3: this is not YAML: a tab stands where only spaces may"),
    "an open quote": ('role: "r\n', "r.yaml:2: this is not YAML: a quote is opened and never closed"),
    "a bad indent": (
        "role: r\nservers:\n  builds: {}\n logs: {}\n",
        "r.yaml:4: this is not YAML: this line is indented otherwise than those before it, or lacks a ':' or '-'",
    ),
    "a key twice": (
        "role: r\nservers: {builds: {}}\nservers: {logs: {}}\n",
        "r.yaml:3: 'servers' is here twice; the first is on line 2",
    ),
    "an alias": (
        "role: r\nservers: &s {builds: {}}\nexternal: *s\n",
        "r.yaml:3: '*s' is an alias; a role file spells everything out",
    ),
    "a colon in a text": (
        "role: r\ndescription: this: that\n",
        "r.yaml:2: this is not YAML: a ':' stands where none can; put text that holds ': ' in quotes",
    ),
    "two documents": (
        "role: r\n---\nrole: q\n",
        "r.yaml:2: this is not YAML: '---' starts a second document, and a role file is one",
    ),
    "a parent that is not there": (
        "role: r\nextends: dve\nservers: {builds: {}}\n",
        "r.yaml:2: there is no role 'dve' to extend. Known are: r.",
    ),
    "a mode for a reader": (
        "role: r\nservers:\n  builds:\n    mode: off\n",
        "r.yaml:4: the server 'builds' only reads, so it has no mode; leave the key out",
    ),
    "a mode that is none": (
        "role: r\nservers:\n  actions:\n    mode: dry\n",
        "r.yaml:4: servers > actions > mode: found 'dry', but it takes 'off', 'dry-run' or 'on'",
    ),
    "the write token for a reader": (
        "role: r\nservers:\n  builds: {token: DRONE_WRITE_TOKEN}\n",
        "r.yaml:3: the server 'builds' only reads; DRONE_WRITE_TOKEN is for servers that write",
    ),
    "a token in place of its name": (
        "role: r\nservers:\n  builds: {token: abcdef0123456789abcdef0123456789}\n",
        "r.yaml:3: servers > builds > token: this looks like a token; write the name of the variable that holds it",
    ),
    "a variable with a dollar": (
        "role: r\nservers:\n  builds: {token: $TOKEN}\n",
        (
            "r.yaml:3: servers > builds > token: found '$TOKEN', but it takes the name of an environment variable: "
            "letters, digits and '_'"
        ),
    ),
    "a repository without owner": (
        HEAD + 'repos:\n  - octo/hello\n  - "*"\n',
        "r.yaml:6: repos > item 2: found '*', but it takes a repository as owner/name, with * as wildcard",
    ),
    "an external server with two ways": (
        HEAD + "external:\n  x: {command: y, url: 'https://z.test'}\n",
        "r.yaml:5: external > x: an external server has either 'command' or 'url'",
    ),
    "an external server under our name": (
        HEAD + "external:\n  drone-logs: {command: y}\n",
        "r.yaml:5: 'drone-logs' is the name of a server of drone-mcp; give this one another",
    ),
    "an external server with an underscore": (
        HEAD + "external:\n  my_server: {command: y}\n",
        (
            "r.yaml:5: external > my_server: found 'my_server', but it takes a server name: "
            "letters, digits and '-', at most 20, starting with a letter"
        ),
    ),
    "a literal secret": (
        HEAD + "external:\n  x:\n    command: y\n    env:\n      GITEA_TOKEN: hunter2\n",
        "r.yaml:7: external > x > env: 'GITEA_TOKEN' holds a secret; write ${GITEA_TOKEN} and set that variable",
    ),
    "a literal secret in a header": (
        HEAD + "external:\n  x:\n    url: https://z.test\n    headers: {Authorization: Bearer hunter2}\n",
        (
            "r.yaml:7: external > x > headers: 'Authorization' holds a secret; "
            "write ${AUTHORIZATION} and set that variable"
        ),
    ),
    "a literal secret in an argument": (
        HEAD + "external:\n  x:\n    command: y\n    args: [--token, hunter2]\n",
        "r.yaml:7: external > x > args: argument 2 looks like a secret; write ${VARIABLE} and set that variable",
    ),
    "a broken reference": (
        HEAD + "external:\n  x:\n    command: y\n    env: {A: '${B'}\n",
        "r.yaml:7: external > x > env: a '${' starts no reference here; write ${NAME} or ${NAME:-default}",
    ),
    "an image with a command in it": (
        HEAD + "agent:\n  image: go:1;reboot\n",
        (
            "r.yaml:5: agent > image: found 'go:1;reboot', but it takes a container image reference: "
            "letters, digits and . _ / : @ -"
        ),
    ),
    "an image that is too long": (
        HEAD + f"agent:\n  image: {'a' * 501}\n",
        "r.yaml:5: agent > image: it is too long (at most 500)",
    ),
    "too many commands": (
        HEAD + f"agent:\n  setup: [{', '.join(['x'] * 21)}]\n",
        "r.yaml:5: agent > setup: it is too long (at most 20)",
    ),
    "a command that is too long": (
        HEAD + f"agent:\n  setup:\n    - make\n    - {'x' * 2001}\n",
        "r.yaml:7: agent > setup > item 2: it is too long (at most 2000)",
    ),
    "a command with a secret": (
        HEAD + "agent:\n  setup: [curl -u me:ghp_0123456789abcdefghij https://x.test]\n",
        "r.yaml:5: agent > setup: a command looks as if it held a secret; read it from a variable instead",
    ),
    "a command that no shell can have": (
        HEAD + 'agent:\n  setup: ["a\\0b"]\n',
        "r.yaml:5: agent > setup: a command has a NUL character, which no command can have",
    ),
    "an unknown key of the agent": (
        HEAD + "agent: {images: go}\n",
        "r.yaml:4: 'images' is not a key of 'agent'. Did you mean 'image'?",
    ),
    "an empty image": (
        HEAD + "agent: {image: ''}\n",
        "r.yaml:4: agent > image: it is empty; leave the key out instead",
    ),
    "an empty command": (
        HEAD + "agent:\n  setup: ['']\n",
        "r.yaml:5: agent > setup > item 1: it is empty; leave the key out instead",
    ),
}


@pytest.mark.parametrize(("text", "complaint"), MISTAKES.values(), ids=MISTAKES.keys())
def test_a_mistake_is_reported_with_its_line(
    roles_dir: Callable[..., Path], installed: Servers, text: str, complaint: str
) -> None:
    assert complaints(roles_dir(r=text), installed) == complaint


def test_all_mistakes_are_reported_at_once_in_the_order_of_the_file(
    roles_dir: Callable[..., Path], installed: Servers
) -> None:
    text = "role: r\nfoo: 1\nservers:\n  builds: {bar: 1}\n  logs: {mode: 1}\n"
    assert [line.split(":")[1] for line in complaints(roles_dir(r=text), installed).splitlines()] == ["2", "4", "5"]


def test_a_mistake_in_a_parent_is_reported_in_the_parents_file(
    roles_dir: Callable[..., Path], installed: Servers
) -> None:
    folder = roles_dir(r="role: r\nextends: base\n", base="role: base\nservers:\n  nope: {}\n")
    assert complaints(folder, installed).startswith("base.yaml:3: there is no server 'nope'.")


def test_a_circle_is_drawn(roles_dir: Callable[..., Path], installed: Servers) -> None:
    folder = roles_dir(r="role: r\nextends: a\n", a="role: a\nextends: b\n", b="role: b\nextends: a\n")
    assert complaints(folder, installed) == "b.yaml:2: this goes round in a circle: a -> b -> a"


def test_a_role_that_extends_itself_is_a_circle(roles_dir: Callable[..., Path], installed: Servers) -> None:
    assert "r -> r" in complaints(roles_dir(r="role: r\nextends: r\n"), installed)


def test_a_file_that_is_no_text_is_reported(roles_dir: Callable[..., Path], installed: Servers) -> None:
    folder = roles_dir()
    (folder / "r.yaml").write_bytes(b"role: r\ndescription: \xfc\n")
    assert complaints(folder, installed) == "r.yaml:2: the file is not UTF-8 text; save it as UTF-8"


def test_control_characters_are_reported(roles_dir: Callable[..., Path], installed: Servers) -> None:
    assert "this is not YAML" in complaints(roles_dir(r="role: \x07r\n"), installed)


def test_a_huge_file_is_not_read(roles_dir: Callable[..., Path], installed: Servers) -> None:
    assert "a role file has at most" in complaints(roles_dir(r="#" * 70_000), installed)


def test_a_deep_file_is_reported(roles_dir: Callable[..., Path], installed: Servers) -> None:
    assert "nested too deeply" in complaints(roles_dir(r="[" * 2_000 + "]" * 2_000), installed)


@settings(max_examples=60, suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
@given(text=st.text(alphabet=st.sampled_from("role:rsvbuild{}[]&*!|>#-?%@`'\",\t\n 0~"), max_size=60))
def test_no_text_makes_it_crash(roles_dir: Callable[..., Path], installed: Servers, text: str) -> None:
    folder = roles_dir(r=text)
    try:
        load_role("r", RoleLibrary((folder,)), installed)
    except UserError as error:
        assert str(error)  # noqa: PT017 - either it is a role or it is refused in words


def test_words_that_older_yaml_takes_for_booleans_are_words(roles_dir: Callable[..., Path], installed: Servers) -> None:
    folder = roles_dir(r="role: r\nservers:\n  actions: {mode: on}\n")
    assert load_role("r", RoleLibrary((folder,)), installed).servers["actions"].mode == "on"


def test_a_child_overrides_key_by_key(roles_dir: Callable[..., Path], installed: Servers) -> None:
    base = """
role: base
description: The base.
repos: [octo/*]
servers:
  builds: {token: BASE_TOKEN, preload: true}
  policy: {preload: true}
  actions: {mode: dry-run, tools: [drone_stop_build]}
external:
  gitea: {command: gitea-mcp, args: [stdio]}
agent: {image: "go:1", setup: [a]}
"""
    child = """
role: r
extends: base
servers:
  logs: {}
  policy: {preload: false}
  actions: {mode: on}
external:
  gitea: {url: "https://gitea.test/mcp"}
agent: {setup: [b]}
"""
    role = load_role("r", RoleLibrary((roles_dir(r=child, base=base),)), installed)
    assert (role.description, role.repos, role.lineage) == ("The base.", ("octo/*",), ("r", "base"))
    assert list(role.servers) == ["builds", "policy", "actions", "logs"]
    assert (role.servers["actions"].mode, role.servers["actions"].tools) == ("on", ["drone_stop_build"])
    assert role.servers["builds"].token == "BASE_TOKEN"
    assert [name for name, server in role.servers.items() if server.preload] == ["builds"]
    assert role.external["gitea"].command is None
    assert (role.agent.image, role.agent.setup) == ("go:1", ["b"])


def test_a_folder_of_ones_own_comes_before_the_shipped_roles(
    roles_dir: Callable[..., Path], installed: Servers
) -> None:
    roles = role_library(roles_dir(reader="role: reader\nservers: {logs: {}}\n", mine="role: mine\nextends: viewer\n"))
    assert list(load_role("reader", roles, installed).servers) == ["logs"]
    assert list(load_role("mine", roles, installed).servers) == ["builds"]
    assert roles.names() == ["mine", "operator", "reader", "viewer"]
