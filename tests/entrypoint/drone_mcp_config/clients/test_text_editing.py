"""A client's file keeps everything that is not ours, in each of the formats."""

from __future__ import annotations

import json
import tomllib
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from drone_mcp_config.clients.folders import UserFolders
from drone_mcp_config.clients.formats import CLIENTS
from drone_mcp_config.clients.text_editing import EditByHand, updated_text
from drone_mcp_config.errors import NotWritten
from support.made_up_servers import INSTALLED

if TYPE_CHECKING:
    from collections.abc import Callable

    from entrypoint.drone_mcp_config.conftest import Outcome

    Run = Callable[..., Outcome]

OURS = {"drone-builds": {"command": "/py", "args": ["-P", "-m", "drone_mcp_builds"], "env": {"A": "1"}}}
CLAUDE, VSCODE, CODEX, GOOSE = (CLIENTS[name] for name in ("claude", "vscode", "codex", "goose"))

json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
    max_leaves=8,
)


@given(
    others=st.dictionaries(st.text().filter(lambda key: key != "mcpServers"), json_values, max_size=4),
    servers=st.dictionaries(st.text().filter(lambda name: not name.startswith("drone-")), json_values, max_size=4),
)
def test_nothing_of_the_users_is_ever_lost(others: dict[str, object], servers: dict[str, object]) -> None:
    before = json.dumps({**others, "mcpServers": servers})
    after = json.loads(updated_text(before, CLAUDE, OURS, INSTALLED))
    assert after == {**others, "mcpServers": {**servers, **OURS}}
    assert updated_text(json.dumps(after), CLAUDE, OURS, INSTALLED) == json.dumps(after)


@given(text=st.text())
def test_any_text_is_updated_or_refused(text: str) -> None:
    for client in (CLAUDE, CODEX, GOOSE):
        try:
            updated_text(text, client, OURS, INSTALLED)
        except NotWritten as refusal:
            assert str(refusal)  # noqa: PT017 - either it is done or it is refused in words


def test_json_with_comments_that_is_right_already_is_fine() -> None:
    text = "// mine\n" + json.dumps({"servers": OURS})
    assert updated_text(text, VSCODE, OURS, INSTALLED) == text


def test_what_looks_like_a_comment_in_a_text_is_none() -> None:
    text = json.dumps({"x": 'a // b /* c */ ,] "', "servers": {}})
    assert json.loads(updated_text(text, VSCODE, OURS, INSTALLED))["x"] == 'a // b /* c */ ,] "'


TOML = """\
# my settings
model = "x"  # the good one

[mcp_servers.mine]
command = "node"  # not yours

[mcp_servers.drone-old]
command = "/old/python"
args = ["-m", "drone_mcp_old"]

[other]
a = 1
"""


def test_toml_keeps_comments_and_the_order_of_things() -> None:
    after = updated_text(TOML, CODEX, OURS, INSTALLED)
    assert after.startswith(TOML.split("[mcp_servers.drone-old]", maxsplit=1)[0])
    data = tomllib.loads(after)
    assert list(data["mcp_servers"]) == ["mine", "drone-builds"]
    assert data["mcp_servers"]["drone-builds"] == OURS["drone-builds"]
    assert data["other"] == {"a": 1}
    assert updated_text(after, CODEX, OURS, INSTALLED) == after


@pytest.mark.parametrize(
    "text",
    [
        '[mcp_servers]\n[mcp_servers.mine]\ncommand = "a"\n',
        '[mcp_servers.mine]\ncommand = "a"\n[other]\nx = 1\n[mcp_servers.second]\ncommand = "b"\n',
        'mcp_servers.mine.command = "a"\n',
        'mcp_servers = { mine = { command = "a" } } # mine\n',
    ],
)
def test_toml_of_every_style_takes_our_servers(text: str) -> None:
    before = tomllib.loads(text)
    after = tomllib.loads(updated_text(text, CODEX, OURS, INSTALLED))
    assert after.pop("mcp_servers") == {**before.pop("mcp_servers"), **OURS}
    assert after == before


def test_toml_that_cannot_be_changed_safely_is_left_to_the_user() -> None:
    text = """\
[mcp_servers.drone-builds.env]
A = "1"
# the program below its variables
[mcp_servers.drone-builds]
command = "drone-mcp-builds"
"""
    with pytest.raises(EditByHand, match="by hand") as caught:
        updated_text(text, CODEX, OURS, INSTALLED)
    assert tomllib.loads(caught.value.fragment) == {"mcp_servers": OURS}


def test_toml_updates_and_removes_what_is_ours() -> None:
    first = updated_text(
        TOML, CODEX, {**OURS, "drone-logs": {"command": "/py", "args": ["-P", "-m", "drone_mcp_logs"]}}, INSTALLED
    )
    second = updated_text(
        first, CODEX, {"drone-logs": {"command": "/new", "args": ["-P", "-m", "drone_mcp_logs"]}}, INSTALLED
    )
    servers = tomllib.loads(second)["mcp_servers"]
    assert list(servers) == ["mine", "drone-logs"]
    assert servers["drone-logs"]["command"] == "/new"


def test_yaml_without_comments_is_updated() -> None:
    text = "GOOSE_MODEL: x\nextensions:\n  developer: {enabled: true, type: builtin}\nother: [1, 'a # b']\n"
    after = yaml.safe_load(updated_text(text, GOOSE, OURS, INSTALLED))
    assert list(after) == ["GOOSE_MODEL", "extensions", "other"]
    assert after["extensions"] == {"developer": {"enabled": True, "type": "builtin"}, **OURS}
    assert after["other"] == [1, "a # b"]


@pytest.mark.parametrize("text", ["{a: 1}  # mine\n", "extensions: {b: {cmd: b}, # mine\n }\n"])
def test_yaml_of_a_style_that_cannot_keep_its_comments_is_left_to_the_user(text: str) -> None:
    with pytest.raises(EditByHand) as caught:
        updated_text(text, GOOSE, OURS, INSTALLED)
    assert yaml.safe_load(caught.value.fragment) == {"extensions": OURS}


@pytest.mark.parametrize("text", ["{a: 1, extensions: {b: {cmd: b}}}\n", "a: 1\nextensions: {b: {cmd: b}} # mine\n"])
def test_yaml_in_braces_is_written_in_lines(text: str) -> None:
    after = updated_text(text, GOOSE, OURS, INSTALLED)
    assert ("# mine" in after) == ("# mine" in text)
    assert yaml.safe_load(after) == {"a": 1, "extensions": {"b": {"cmd": "b"}, **OURS}}
    assert updated_text(after, GOOSE, OURS, INSTALLED) == after


@pytest.mark.parametrize(
    "text", ["a: 1\na: 2\n", "a: [\n", "a: &x 1\nb: *y\n", "- a\n", "extensions: [a]\n", "extensions: {1: a}\n"]
)
def test_yaml_that_cannot_be_kept_whole_is_refused(text: str) -> None:
    with pytest.raises(NotWritten):
        updated_text(text, GOOSE, OURS, INSTALLED)


def test_a_refusal_for_comments_prints_the_part_to_paste(run: Run, work: Path) -> None:
    file = work / "config.yaml"
    file.write_text("{extensions: {}}  # mine\n", encoding="utf-8")
    outcome = run("--role", "viewer", "--client", "goose", "--output", "config.yaml")
    assert outcome.code == 1
    assert list(yaml.safe_load(outcome.out)["extensions"]) == ["drone-builds"]
    assert "by hand" in outcome.err
    assert file.read_text(encoding="utf-8") == "{extensions: {}}  # mine\n"


@pytest.mark.parametrize(
    ("client", "text"),
    [
        ("claude", '{\n  "a": 1\n}\n'),
        ("codex", '# mine\na = """\none\ntwo"""\n\n[mcp_servers.mine]\ncommand = "a"\n\n[b]\nc = 1\n'),
        ("codex", "a = 1\n"),
        ("goose", "# mine\na: 1\nextensions:\n  b:\n    cmd: b\n"),
        ("goose", "{a: 1}\n"),
    ],
)
def test_a_file_of_windows_keeps_its_line_ends_and_its_byte_order_mark(
    run: Run, work: Path, client: str, text: str
) -> None:
    file = work / "config"
    file.write_bytes(b"\xef\xbb\xbf" + text.replace("\n", "\r\n").encode())
    assert run("--role", "viewer", "--client", client, "--output", "config").code == 0
    raw = file.read_bytes()
    assert raw.startswith(b"\xef\xbb\xbf")
    assert raw.count(b"\r\n") == raw.count(b"\n") > text.count("\n")
    assert run("--role", "viewer", "--client", client, "--output", "config", "--check").code == 0


def test_an_external_server_is_brought_up_to_date_by_its_program(
    run: Run, work: Path, roles_dir: Callable[..., Path]
) -> None:
    role = "role: r\nservers: {{builds: {{}}}}\nexternal:\n  gitea: {{command: {}, args: [{}]}}\n"
    for command, args in (("gitea-mcp", "one"), ("gitea-mcp", "two")):
        folder = str(roles_dir(r=role.format(command, args)))
        assert run("--role", "r", "--roles-dir", folder).code == 0
    assert '"two"' in (work / ".mcp.json").read_text(encoding="utf-8")
    folder = str(roles_dir(r=role.format("other-mcp", "two")))
    outcome = run("--role", "r", "--roles-dir", folder)
    assert outcome.code == 1
    assert "has a server 'gitea' already" in outcome.err


LINUX = UserFolders(Path("/w"), Path("/h"), Path("/h/.config"), Path("/h/AppData"), "linux")
MAC = UserFolders(Path("/w"), Path("/h"), Path("/h/.config"), Path("/h/AppData"), "darwin")
WINDOWS = UserFolders(Path("/w"), Path("/h"), Path("/h/.config"), Path("/h/AppData"), "win32")


@pytest.mark.parametrize(
    ("client", "folders", "file"),
    [
        ("claude", LINUX, "/w/.mcp.json"),
        ("claude-desktop", LINUX, "/h/.config/Claude/claude_desktop_config.json"),
        ("claude-desktop", MAC, "/h/Library/Application Support/Claude/claude_desktop_config.json"),
        ("claude-desktop", WINDOWS, "/h/AppData/Claude/claude_desktop_config.json"),
        ("zed", MAC, "/h/.config/zed/settings.json"),
        ("zed", WINDOWS, "/h/AppData/Zed/settings.json"),
        ("goose", LINUX, "/h/.config/goose/config.yaml"),
        ("goose", WINDOWS, "/h/AppData/Block/goose/config/config.yaml"),
        ("copilot", LINUX, "/h/.copilot/mcp-config.json"),
        ("windsurf", MAC, "/h/.codeium/windsurf/mcp_config.json"),
    ],
)
def test_each_client_is_written_where_it_looks(client: str, folders: UserFolders, file: str) -> None:
    assert str(dict(CLIENTS)[client].location(folders)) == file  # type: ignore[index]


def test_opencode_with_comments_is_found_where_it_is(tmp_path: Path) -> None:
    folders = UserFolders(tmp_path, tmp_path, tmp_path, tmp_path, "linux")
    assert CLIENTS["opencode"].location(folders).name == "opencode.json"
    (tmp_path / "opencode.jsonc").touch()
    assert CLIENTS["opencode"].location(folders).name == "opencode.jsonc"


def test_xdg_config_home_counts_where_it_is_absolute() -> None:
    assert UserFolders.here({"HOME": "/h", "XDG_CONFIG_HOME": "/x"}).config == Path("/x")
    assert UserFolders.here({"HOME": "/h", "XDG_CONFIG_HOME": "x"}).config == Path("/h/.config")


def test_a_user_without_an_account_has_the_root_as_home(monkeypatch: pytest.MonkeyPatch) -> None:
    def no_account() -> Path:
        raise RuntimeError("Could not determine home directory.")

    monkeypatch.setattr(Path, "home", no_account)
    assert UserFolders.here({}).home == Path("/")
