"""A secret of the run, or a text that looks like one, is never pushed, and its value is never shown."""

from __future__ import annotations

import base64
from typing import TYPE_CHECKING

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from drone_mcp_config.agents.added_lines import LOG, read_additions
from drone_mcp_config.agents.given_secrets import given_secrets
from drone_mcp_config.errors import NotPushed
from support.agent_git import World, deliver, to

if TYPE_CHECKING:
    from pathlib import Path

TOKEN = "55f24eb3d61ef6ac5e83d550178638dc"
SHAPED = f"ghp_{'a1B2c3' * 6}"
WHO = ("-c", "user.name=x", "-c", "user.email=x@example.com")


def refused(world: World, *places: str, made_up: tuple[str, ...] = ()) -> str:
    with pytest.raises(NotPushed) as caught:
        deliver(world.agent_git(), to(made_up=made_up), DRONE_TOKEN=TOKEN)
    said = str(caught.value)
    assert [place for place in places if place not in said] == []
    assert TOKEN not in said
    assert SHAPED not in said
    assert not world.has("agent")
    return said


@pytest.mark.parametrize(
    "text",
    [
        f"DRONE_TOKEN={TOKEN}\n",
        f"a\nb\nx{TOKEN}y",
        f"++ {TOKEN}\n",
        base64.b64encode(f"user:{TOKEN}".encode()).decode(),
        f"key: {SHAPED}\n",
        "-----BEGIN OPENSSH PRIVATE KEY-----\nb3BlbnNzaC1rZXktdjEAAAAABG5vbmU\n-----END OPENSSH PRIVATE KEY-----\n",
        "redis://:Zt7Wm3Kc5Rb9Xv@127.0.0.1:6379/0\n",
    ],
)
@pytest.mark.parametrize("name", [".env", "with blank", 'qu"ote', "ümlaut"])
def test_a_file_with_a_secret_is_named_with_the_line(world: World, text: str, name: str) -> None:
    (world.clone / name).write_text(text, encoding="utf-8")
    at = next(n for n, line in enumerate(text.splitlines(), 1) if len(line) > 1)
    refused(world, f", line {at} of commit ", name if name != 'qu"ote' else "qu")


def test_the_variable_whose_value_it_is_is_named(world: World) -> None:
    (world.clone / ".env").write_text(f"T={TOKEN}\n", encoding="utf-8")
    refused(world, "the secret of DRONE_TOKEN in .env, line 1 of commit ")


def test_an_earlier_commit_is_searched_though_a_later_one_takes_it_out(world: World) -> None:
    (world.clone / "a").write_text(TOKEN, encoding="utf-8")
    world.git("add", "a")
    world.git(*WHO, "commit", "--quiet", "-m", "oops")
    (world.clone / "a").write_text("nothing", encoding="utf-8")
    refused(world, "in a, line 1")


def test_the_message_of_a_commit_is_searched(world: World) -> None:
    world.git(*WHO, "commit", "--quiet", "--allow-empty", "-m", f"Use it\n\nwith {TOKEN}")
    refused(world, "the secret of DRONE_TOKEN in the message of commit ")


@pytest.mark.parametrize("encoding", ["utf-16", "utf-16-le"])
def test_a_binary_file_is_searched_for_the_secrets_of_the_run(world: World, encoding: str) -> None:
    (world.clone / "b.bin").write_bytes(b"\0\1" + f"x{TOKEN}\n".encode(encoding))
    refused(world, "the secret of DRONE_TOKEN in b.bin")


def test_what_a_merge_adds_by_itself_is_searched(world: World) -> None:
    world.git("checkout", "--quiet", "-b", "other")
    world.commit("theirs")
    world.git("checkout", "--quiet", "agent")
    world.commit("mine")
    world.git(*WHO, "merge", "--quiet", "--no-commit", "other")
    (world.clone / "mine").write_text(TOKEN, encoding="utf-8")
    (world.clone / "theirs").write_text("x\n", encoding="utf-8")
    world.git(*WHO, "commit", "--quiet", "--all", "-m", "merge")
    refused(world, "in mine, line 1")


def test_lines_that_were_there_before_are_no_reason(world: World) -> None:
    (world.clone / "old").write_text(f"a\n{SHAPED}\nb\n", encoding="utf-8")
    world.git("add", "old")
    world.git(*WHO, "commit", "--quiet", "-m", "old")
    world.git("push", "--quiet", "origin", "HEAD:work-in-common")
    (world.clone / "old").write_text(f"a\n{SHAPED}\nc\n", encoding="utf-8")
    assert deliver(world.agent_git(), to(), DRONE_TOKEN=TOKEN).startswith("Pushed ")


def test_made_up_secrets_of_named_files_are_pushed_but_none_of_the_run(world: World) -> None:
    (world.clone / "tests").mkdir()
    (world.clone / "tests" / "x.py").write_text(f"KEY = '{SHAPED}'\n", encoding="utf-8")
    refused(world, "what looks like a secret in tests/x.py, line 1")
    assert deliver(world.agent_git(), to(made_up=("tests/*",)), DRONE_TOKEN=TOKEN).startswith("Pushed ")


def test_a_secret_of_the_run_is_refused_in_a_file_of_made_up_ones(world: World) -> None:
    (world.clone / "x.py").write_text(TOKEN, encoding="utf-8")
    refused(world, "in x.py", made_up=("*",))


def test_much_is_searched_in_little_time(world: World) -> None:
    (world.clone / "big").write_text("an ordinary line of text\n" * 400_000 + f"{TOKEN}\n", encoding="utf-8")
    refused(world, "in big, line 400001")


LINES = st.lists(st.sampled_from(["a", "b", "++ c", "-- d", "@@ -1 +1 @@", "\\ no", "diff --git a b", "", "+"]))


@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(before=LINES, after=LINES)
def test_exactly_the_added_lines_are_read_whatever_they_look_like(
    world: World, before: list[str], after: list[str]
) -> None:
    for lines in (before, after):
        (world.clone / "file").write_text("".join(f"{line}\n" for line in lines), encoding="utf-8")
        world.git("add", "file")
        world.git(*WHO, "commit", "--quiet", "--allow-empty", "-m", "a\n\n++ b\n@@ -1 +1 @@")
    output = world.git(*LOG, "-1", "HEAD").encode().splitlines(keepends=True)
    message, *hunks = read_additions(output)
    assert message.lines[:4] == ("a", "", "++ b", "@@ -1 +1 @@")
    added = {hunk.line + n: line for hunk in hunks for n, line in enumerate(hunk.lines)}
    assert all(after[number - 1] == line for number, line in added.items())
    rest = iter(before)  # what is not added was there before, in this order
    assert all(line in rest for number, line in enumerate(after, 1) if number not in added)


def test_the_secrets_of_a_run_are_found_in_variables_files_and_addresses(tmp_path: Path) -> None:
    (tmp_path / "token").write_text("from-a-file-1\n", encoding="utf-8")
    environment = {
        "DRONE_TOKEN": "plain-words-only",
        "OPS_SIGNER": "named-by-the-role",
        "OTHER_API_KEY": "k3y-of-another",
        "GIT_TOKEN_FILE": str(tmp_path / "token"),
        "GONE_TOKEN_FILE": str(tmp_path / "gone"),
        "DRONE_MCP_STATE": "redis://:pass/word1@127.0.0.1:6379/0",
        "OTEL_EXPORTER_OTLP_HEADERS": "api-key=key-0f-collector,x-team=developers",
        "OTEL_EXPORTER_OTLP_ENDPOINT": "https://collector.example.com/?token=t0ken-in-query",
        "POSTGRES_PASSWORD": "postgres",
        "SHORT_TOKEN": "x1",
        "PATH": "/usr/bin:/bin",
    }
    found = given_secrets(environment, {"DRONE_TOKEN", "OPS_SIGNER"})
    assert found == {
        "plain-words-only": "DRONE_TOKEN",
        "named-by-the-role": "OPS_SIGNER",
        "k3y-of-another": "OTHER_API_KEY",
        "from-a-file-1": "GIT_TOKEN_FILE",
        "pass/word1": "DRONE_MCP_STATE",
        "key-0f-collector": "OTEL_EXPORTER_OTLP_HEADERS",
        "t0ken-in-query": "OTEL_EXPORTER_OTLP_ENDPOINT",
    }
