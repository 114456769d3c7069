from __future__ import annotations

import itertools
import json
import os
import re
import stat
import sys
from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from entrypoint.drone_mcp_config.conftest import Outcome

    Run = Callable[..., Outcome]

USERS_OWN: dict[str, Any] = {
    "comment": "mine",
    "mcpServers": {"mine": {"command": "node", "args": ["x.js"], "odd": [1, 2.5, None]}},
    "other": {"x": "ü"},
}


def written(work: Path, name: str = ".mcp.json") -> Any:
    return json.loads((work / name).read_text(encoding="utf-8"))


def test_a_role_is_written_as_mcp_json_with_the_interpreter_it_runs_under(run: Run, work: Path) -> None:
    outcome = run("--role", "reader")
    assert outcome.code == 0, outcome.err
    servers = written(work)["mcpServers"]
    assert list(servers) == ["drone-builds", "drone-logs", "drone-policy"]
    assert servers["drone-builds"] == {
        "type": "stdio",
        "command": sys.executable,
        "args": ["-P", "-m", "drone_mcp_builds"],
        "env": {"DRONE_SERVER": "${DRONE_SERVER}", "DRONE_TOKEN": "${DRONE_TOKEN}"},
        "timeout": 600_000,
        "alwaysLoad": True,
    }


def test_the_output_says_what_was_written_and_what_to_do_next(run: Run) -> None:
    outcome = run("--role", "reader")
    assert outcome.out.endswith(
        ".mcp.json: the role 'reader' for Claude Code (drone-builds, drone-logs, drone-policy).\n"
    )
    assert "Set DRONE_SERVER and DRONE_TOKEN where the client is started." in outcome.err


@pytest.mark.parametrize("client", ["claude", "codex", "gemini", "opencode", "goose", "copilot"])
def test_only_what_is_not_set_is_to_be_set_for_a_client_of_the_terminal(
    run: Run, monkeypatch: pytest.MonkeyPatch, client: str
) -> None:
    arguments = ("--role", "viewer", "--client", client, "--print")
    monkeypatch.setenv("DRONE_SERVER", "https://drone.example.com")
    monkeypatch.setenv("DRONE_TOKEN", "")
    assert "Set DRONE_TOKEN where the client is started." in run(*arguments).err
    monkeypatch.setenv("DRONE_TOKEN", "t" * 32)
    assert "where the client is started" not in run(*arguments).err


@pytest.mark.parametrize("client", ["cursor", "vscode", "windsurf"])
def test_an_editor_that_a_desktop_starts_may_lack_what_this_shell_has(
    run: Run, monkeypatch: pytest.MonkeyPatch, client: str
) -> None:
    monkeypatch.setenv("DRONE_SERVER", "https://drone.example.com")
    monkeypatch.setenv("DRONE_TOKEN", "t" * 32)
    outcome = run("--role", "viewer", "--client", client, "--print")
    assert "Set DRONE_SERVER and DRONE_TOKEN where the client is started." in outcome.err


def test_a_variable_with_a_default_need_not_be_set(run: Run, roles_dir: Callable[..., Path]) -> None:
    role = 'role: r\nexternal:\n  x: {command: x, args: ["${LEVEL:-info}", "${NAME}"]}\n'
    outcome = run("--role", "r", "--roles-dir", str(roles_dir(r=role)))
    assert "Set NAME where the client is started." in outcome.err


def test_the_value_of_a_token_never_gets_into_the_file(run: Run, work: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DRONE_TOKEN", "55f24eb3d61ef6ac5e83d550178638dc")
    outcome = run("--role", "reader")
    assert "55f24eb3" not in (work / ".mcp.json").read_text(encoding="utf-8") + outcome.out + outcome.err


def test_portable_names_commands_and_no_paths(run: Run, work: Path) -> None:
    run("--role", "reader", "--portable")
    entry = written(work)["mcpServers"]["drone-logs"]
    assert (entry["command"], entry["args"]) == ("drone-mcp-logs", [])


def test_agent_role_and_drone_repo_come_from_the_environment(
    run: Run, work: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("AGENT_ROLE", "viewer")
    monkeypatch.setenv("DRONE_REPO", "octo/hello")
    assert run().code == 0
    servers = written(work)["mcpServers"]
    assert list(servers) == ["drone-builds"]
    assert servers["drone-builds"]["env"]["DRONE_REPO"] == "octo/hello"


def test_server_and_token_file_stand_in_the_file_where_they_are_given(run: Run, work: Path) -> None:
    run("--role", "viewer", "--server", "https://drone.example.com/", "--token-file", "secret/token")
    env = written(work)["mcpServers"]["drone-builds"]["env"]
    assert env == {
        "DRONE_SERVER": "https://drone.example.com",
        "DRONE_TOKEN": "",  # one that the server would inherit must not stand beside the file
        "DRONE_TOKEN_FILE": str(work / "secret" / "token"),
    }


def test_a_token_file_is_to_be_written_only_while_there_is_none(run: Run, work: Path) -> None:
    options = ("--role", "viewer", "--token-file", "token")
    before = run(*options)
    (work / "token").write_text("a-token", encoding="utf-8")
    after = run(*options)
    assert f"DRONE_TOKEN is read from {work / 'token'}: write the token to this file" in before.err
    assert "DRONE_TOKEN" not in after.err


def test_servers_and_keys_of_others_are_kept_in_their_places(run: Run, work: Path) -> None:
    (work / ".mcp.json").write_text(json.dumps(USERS_OWN), encoding="utf-8")
    assert run("--role", "reader").code == 0
    after = written(work)
    assert list(after) == ["comment", "mcpServers", "other"]
    assert list(after["mcpServers"]) == ["mine", "drone-builds", "drone-logs", "drone-policy"]
    assert after["mcpServers"]["mine"] == USERS_OWN["mcpServers"]["mine"]
    assert after["other"] == {"x": "ü"}


def test_running_twice_changes_nothing(run: Run, work: Path) -> None:
    run("--role", "reader")
    before = (work / ".mcp.json").read_bytes()
    outcome = run("--role", "reader")
    assert (outcome.code, (work / ".mcp.json").read_bytes()) == (0, before)
    assert "already" in outcome.out


def test_a_smaller_role_takes_our_other_servers_away(run: Run, work: Path) -> None:
    run("--role", "reader")
    run("--role", "viewer")
    assert list(written(work)["mcpServers"]) == ["drone-builds"]


def test_servers_that_the_role_does_not_name_are_named(run: Run, work: Path, roles_dir: Callable[..., Path]) -> None:
    (work / ".mcp.json").write_text(json.dumps(USERS_OWN), encoding="utf-8")
    role = "role: keeper\nservers: {builds: {}}\nexternal:\n  gitea: {command: gitea-mcp, args: [stdio]}\n"
    folder = ("--roles-dir", str(roles_dir(keeper=role, broken="role: [")))
    assert "does not name, which are left as they are: mine.\n" in run("--role", "keeper", *folder).err
    outcome = run("--role", "keeper", "--check", *folder)
    assert (outcome.code, outcome.out) == (
        0,
        ".mcp.json is up to date with the role 'keeper'.\n".replace(".", str(work) + "/.", 1),
    )
    assert "left as they are: mine." in outcome.err
    assert "mine, gitea (as in keeper)." in run("--role", "viewer", *folder).err
    outcome = run("--role", "viewer", "--check", *folder)
    assert outcome.code == 1
    assert outcome.out == ""
    assert "mine, gitea (as in keeper)." in outcome.err
    assert "has a server of another role than 'viewer': delete its entry by hand" in outcome.err


@pytest.mark.parametrize("client", ["claude", "codex", "goose", "opencode", "copilot"])
def test_a_file_holds_the_servers_of_the_last_role_however_it_reached_those_before(
    run: Run, work: Path, client: str
) -> None:
    elsewhere = ("--transport", "http", "--url", "https://mcp.test/roles")
    there = ("--client", client, "--output", "file")
    ways = [(), ("--portable",), ("--transport", "http"), elsewhere]
    for before, after in itertools.product(ways, ways):
        assert run("--role", "operator", *there, *before).code == 0
        assert run("--role", "viewer", *there, *after, "--check").code == 1
        assert run("--role", "viewer", *there, *after).code == 0
        clean = run("--role", "viewer", "--client", client, *after, "--print").out
        assert set(re.findall(r"drone-(?!mcp)\w+", clean)) == {"drone-builds"}
        assert set(re.findall(r"drone-(?!mcp)\w+", (work / "file").read_text(encoding="utf-8"))) == {"drone-builds"}
        assert run("--role", "viewer", *there, *after, "--check").code == 0


def test_a_file_of_another_installation_is_brought_up_to_date(run: Run, work: Path) -> None:
    run("--role", "reader", "--portable")
    run("--role", "reader")
    assert written(work)["mcpServers"]["drone-builds"]["command"] == sys.executable


def test_a_users_server_under_our_name_is_refused_and_left(run: Run, work: Path) -> None:
    text = '{"mcpServers": {"drone-builds": {"command": "my-own-thing"}}}'
    (work / ".mcp.json").write_text(text, encoding="utf-8")
    outcome = run("--role", "reader")
    assert outcome.code == 1
    assert "has a server 'drone-builds' already" in outcome.err
    assert (work / ".mcp.json").read_text(encoding="utf-8") == text


def test_a_users_server_that_only_starts_like_ours_is_kept(run: Run, work: Path) -> None:
    (work / ".mcp.json").write_text('{"mcpServers": {"drone-fly": {"command": "fly"}}}', encoding="utf-8")
    run("--role", "viewer")
    assert list(written(work)["mcpServers"]) == ["drone-fly", "drone-builds"]


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("{", "cannot be read as JSON"),
        ('{"a": 1, "a": 2}', "the key 'a' is there twice"),
        ("[]", "something else than a client's settings"),
        ('{"mcpServers": []}', "'mcpServers' is not a mapping"),
        ("[" * 100_000, "cannot be read as JSON"),
    ],
    ids=["cut", "doubled key", "list", "servers list", "deep"],
)
def test_a_file_that_cannot_be_understood_is_left_as_it_is(run: Run, work: Path, text: str, words: str) -> None:
    (work / ".mcp.json").write_text(text, encoding="utf-8")
    outcome = run("--role", "reader")
    assert outcome.code == 1
    assert words in outcome.err
    assert "is left as it is" in outcome.err
    assert (work / ".mcp.json").read_text(encoding="utf-8") == text


def test_a_file_in_another_encoding_is_left_as_it_is(run: Run, work: Path) -> None:
    (work / ".mcp.json").write_bytes(b'{"x": "\xfc"}')
    outcome = run("--role", "reader")
    assert outcome.code == 1
    assert "not UTF-8" in outcome.err


def test_an_empty_file_is_filled(run: Run, work: Path) -> None:
    (work / ".mcp.json").write_text("\n", encoding="utf-8")
    assert run("--role", "viewer").code == 0
    assert list(written(work)) == ["mcpServers"]


def test_line_ends_and_permissions_stay(run: Run, work: Path) -> None:
    file = work / ".mcp.json"
    file.write_bytes(b'{\r\n  "x": 1\r\n}\r\n')
    file.chmod(0o600)
    run("--role", "viewer")
    raw = file.read_bytes()
    assert raw.count(b"\n") == raw.count(b"\r\n") > 3
    assert stat.S_IMODE(file.stat().st_mode) == 0o600


def test_a_new_file_can_be_read_by_all_and_nothing_else_is_left_behind(run: Run, work: Path) -> None:
    run("--role", "viewer")
    assert stat.S_IMODE((work / ".mcp.json").stat().st_mode) == 0o644
    assert sorted(path.name for path in work.iterdir()) == [".mcp.json"]


def test_a_failing_write_leaves_the_old_file_and_no_other(
    run: Run, work: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (work / ".mcp.json").write_text("{}", encoding="utf-8")

    def full(*_: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "fsync", full)
    outcome = run("--role", "reader")
    assert outcome.code == 1
    assert "No space left on device" in outcome.err
    assert sorted(path.name for path in work.iterdir()) == [".mcp.json"]
    assert (work / ".mcp.json").read_text(encoding="utf-8") == "{}"


def test_a_link_out_of_the_folder_is_not_followed(run: Run, work: Path, tmp_path: Path) -> None:
    outside = tmp_path / "outside.json"
    outside.write_text("{}", encoding="utf-8")
    (work / ".mcp.json").symlink_to(outside)
    outcome = run("--role", "reader")
    assert outcome.code == 1
    assert "leads out of this folder" in outcome.err
    assert outside.read_text(encoding="utf-8") == "{}"


def test_a_link_that_the_user_names_is_written_through(run: Run, work: Path, tmp_path: Path) -> None:
    outside = tmp_path / "outside.json"
    outside.write_text("{}", encoding="utf-8")
    (work / "link.json").symlink_to(outside)
    assert run("--role", "viewer", "--output", "link.json").code == 0
    assert (work / "link.json").is_symlink()
    assert "drone-builds" in outside.read_text(encoding="utf-8")


def test_a_link_to_nowhere_is_refused(run: Run, work: Path) -> None:
    (work / ".mcp.json").symlink_to(work / "gone.json")
    outcome = run("--role", "reader")
    assert outcome.code == 1
    assert "does not exist" in outcome.err


def test_a_folder_in_the_files_place_is_refused(run: Run, work: Path) -> None:
    (work / ".mcp.json").mkdir()
    outcome = run("--role", "reader")
    assert outcome.code == 1
    assert "no ordinary file" in outcome.err


def test_print_writes_nothing_and_prints_nothing_else(run: Run, work: Path) -> None:
    outcome = run("--role", "viewer", "--print")
    assert list(json.loads(outcome.out)["mcpServers"]) == ["drone-builds"]
    assert sorted(path.name for path in work.iterdir()) == []


def test_print_and_check_exclude_each_other(run: Run) -> None:
    outcome = run("--role", "viewer", "--print", "--check")
    assert (outcome.code, outcome.err) == (2, "--print writes no file: leave out --check and --output.\n")


def test_check_of_a_missing_file_is_stale_and_writes_nothing(run: Run, work: Path) -> None:
    outcome = run("--role", "viewer", "--check")
    assert outcome.code == 1
    assert outcome.out.startswith("--- /dev/null\n")
    assert sorted(path.name for path in work.iterdir()) == []


def test_check_passes_after_writing(run: Run) -> None:
    run("--role", "reader")
    assert run("--role", "reader", "--check").code == 0


def test_check_shows_what_differs(run: Run) -> None:
    run("--role", "viewer")
    outcome = run("--role", "reader", "--check")
    assert outcome.code == 1
    assert '+    "drone-logs": {\n' in outcome.out
    assert "run this again without --check" in outcome.err


def test_without_a_role_it_asks_for_one(run: Run) -> None:
    outcome = run()
    assert (outcome.code, outcome.out) == (2, "")
    assert outcome.err == "Which role? Add --role NAME, or set AGENT_ROLE. Roles: operator, reader, viewer.\n"


def test_an_unknown_role_brings_a_suggestion(run: Run) -> None:
    outcome = run("--role", "raeder")
    assert (outcome.code, outcome.err) == (2, "There is no role 'raeder'. Did you mean 'reader'?\n")


def test_a_role_is_a_name_and_no_path(run: Run, roles_dir: Callable[..., Path]) -> None:
    folder = roles_dir(r="role: r\nservers: {builds: {}}\n")
    outcome = run("--role", f"../{folder.name}/r", "--roles-dir", str(folder))
    assert outcome.code == 2
    assert "There is no role" in outcome.err


def test_a_folder_that_is_gone_is_reported(run: Run, work: Path) -> None:
    work.rmdir()
    outcome = run("--role", "viewer")
    assert (outcome.code, outcome.err) == (
        2,
        "The folder that you are in does not exist any more; change to another.\n",
    )


def test_a_roles_dir_that_is_not_there_is_named(run: Run) -> None:
    outcome = run("--role", "reader", "--roles-dir", "nowhere")
    assert (outcome.code, outcome.err) == (2, "--roles-dir nowhere: there is no such folder.\n")


@pytest.mark.parametrize("address", ["drone.example.com", "https://me:secret@drone.example.com", "https://d.test/?t=1"])
def test_an_address_that_is_none_or_holds_more_is_refused_without_repeating_a_password(run: Run, address: str) -> None:
    outcome = run("--role", "viewer", "--server", address)
    assert outcome.code == 2
    assert "https://drone.example.com" in outcome.err or "DRONE_TOKEN" in outcome.err
    assert "secret" not in outcome.err


def test_a_repository_that_is_none_is_refused(run: Run) -> None:
    outcome = run("--role", "viewer", "--repo", "hello")
    assert outcome.code == 2
    assert "owner/name" in outcome.err


def test_an_unknown_client_brings_the_list_of_clients(run: Run) -> None:
    outcome = run("--role", "reader", "--client", "emacs")
    assert outcome.code == 2
    assert "claude-desktop" in outcome.err


def test_the_help_tells_the_exit_codes(run: Run) -> None:
    outcome = run("--help")
    assert outcome.code == 0
    assert "Exit codes" in outcome.out
    assert "--role" in outcome.out


def test_the_version_is_printed(run: Run) -> None:
    assert run("--version").out.startswith("drone-mcp-config ")
