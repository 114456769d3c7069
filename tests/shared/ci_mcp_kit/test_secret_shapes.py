"""The share of realistic secrets that is redacted, and what is left of ordinary text."""

from __future__ import annotations

import re
import time
from importlib import resources
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ci_mcp_kit.outgoing_text import Cleaner
from ci_mcp_kit.redact import MARK, Redactor, holds_secret, redact_shapes
from ci_mcp_logs.log_text import terminal_lines
from support.secret_table import PASS, TABLE, TOKENS, WORD

LEAST_REDACTED = 0.98  # of the shapes in the table; strangers' shapes are met less surely
SURVIVES = 8  # characters of a secret that must not be left: partial redaction is worse than none
MOST_ALTERED = 0.0002  # of the lines of ordinary logs
MARKERS = re.compile(r"-----(?:BEGIN|END) [A-Z0-9a-z ]+-----|Private-\w+: |\d\d:\d\d:\d\d ")

REAL_LOGS = Path(str(resources.files("drone_mcp_simulator"))) / "scenarios" / "logs"
ORDINARY = [
    "Downloading https://repo.example.com/maven2/org/acme/acme-token-parser/1.2.3/acme-token-parser-1.2.3.jar",
    "added 1432 packages, and audited 1433 packages in 21s",
    "npm_package_version_short=4.1 npm_config_cache=/root/.npm",
    "test_time_fall_type2_dt_type3_redost: ADD: 2010-11-07 00:10:20 EDT + P+0Y0M0DT2H4M24S",
    "[INFO] Checking unresolved references to org.codehaus.mojo.signature:java16:1.1",
    'gpg: key BA9EF27F: public key "Launchpad Toolchain builds" imported',
    "--with-password-timeout=15 --with-passprompt=[sudo] password for %p:",
    "DEBUG tokenfilter: tokenfilter.go:59 Allowing connection from 127.0.0.1:54594",
    'level=debug msg="remove snapshot" key=2ea0ena1qnhhht3tpv0wsktfb snapshotter=overlayfs',
    "  key: maven-72596637c8f60c9cd8e07286279de76fcf3cf474158a48178e480e8ce8b11324",
    "server-password: GITHUB_TOKEN",
    "Enter password: ",
    "error: the --password flag is required",
    "  --password string   Password for the registry",
    "  --token TOKEN       the token to use",
    "invalid password: must contain a digit",
    "AssertionError: expected token 'identifier' but got '}'",
    "docker run -p 8080:80 -u 1000:1000 nginx:1.25",
    "+ mkdir -p build/output && cp -p a b",
    "+ psql -p 5432 -U postgres -h localhost",
    "GET http://localhost:4873/@acme%2fwidgets 200",
    "http://registry:5000/v2/@scope/pkg",
    "main.c:1234:foo:bar",
    "ok 12 - sets the cookie: name is required",
    "Authorization: failed for user ada",
    "E   KeyError: 'session'",
    "primary key: users_pkey, foreign key: orders_user_id_fkey",
    "PASS tests/auth/session_token_test.py::test_refresh_token_expires",
    "sha512-z4PhNX7vuL3xVChQ1m2AB9Yg5AULVxXcg/SpIdNs6c5H0NE8XYXysP+DGNKHfuwvY7kxvUdBeoGlODJ6+SfaPg==",
    "Successfully tagged registry.example.com/acme/app:3f9a1c2b7d8e4f5a6b7c8d9e0f1a2b3c4d5e6f7a",
    "_ZN4core3fmt9Formatter15debug_lower_hex17h0123456789abcdefE",
    "warning: '-----BEGIN RSA PRIVATE KEY-----' found in docs/howto.md",
]


def left_of(secret: str, text: str) -> list[str]:
    """Return the pieces of a secret that are left in a text; the labels of a key are none."""
    pieces = [line for part in MARKERS.split(secret) for line in part.replace("\\n", "\n").split("\n")]
    return [
        piece[at : at + SURVIVES]
        for piece in pieces
        if len(piece) >= SURVIVES or piece == secret
        for at in range(max(1, len(piece) - SURVIVES + 1))
        if piece[at : at + SURVIVES] in text
    ]


def missed(redacted: dict[str, str]) -> dict[str, str]:
    return {name: text for name, text in redacted.items() if MARK[:-1] not in text or left_of(TABLE[name][1], text)}


def test_nearly_every_shape_of_a_secret_is_redacted_as_a_whole() -> None:
    lost = missed({name: Redactor().redact(line.format(secret)) for name, (line, secret) in TABLE.items()})
    assert len(TABLE) >= 200
    assert len(lost) <= (1 - LEAST_REDACTED) * len(TABLE), lost


def test_nearly_every_shape_is_redacted_in_a_log() -> None:
    shown = {
        name: "\n".join(terminal_lines(["+ step", *line.format(secret).split("\n"), "done"]))
        for name, (line, secret) in TABLE.items()
    }
    lost = missed(shown)
    assert len(lost) <= (1 - LEAST_REDACTED) * len(TABLE), lost


def test_nearly_every_shape_is_redacted_between_colours() -> None:
    red, plain = "\x1b[31m", "\x1b[0m"
    coloured = {name: red + line.format(f"{plain}{secret}{red}") + plain for name, (line, secret) in TABLE.items()}
    lost = missed({name: Cleaner().text(text) for name, text in coloured.items()})
    assert len(lost) <= (1 - LEAST_REDACTED) * len(TABLE), lost


@pytest.mark.parametrize("lines", [1, 100], ids=["a text that is searched with re", "a log that is searched with RE2"])
@pytest.mark.parametrize("name", TABLE)
def test_a_shape_is_found_in_the_middle_of_a_text_as_alone(name: str, lines: int) -> None:
    line, secret = TABLE[name]
    alone, filler = line.format(secret).removeprefix("+ "), "building the module\n" * lines
    assert redact_shapes(f"{filler}{alone}\n{filler}") == f"{filler}{redact_shapes(alone)}\n{filler}"


@pytest.mark.parametrize("around", ['{{"log": "{}"}}', "GET /?x={}&y=1", "<a>{}</a>", "12:00:01 | {}", "[{}]", "`{}`,"])
def test_a_token_is_redacted_wherever_it_stands(around: str) -> None:
    lost = missed(
        {f"token: {name}": redact_shapes(around.format(line.format(secret))) for name, (line, secret) in TOKENS.items()}
    )
    assert len(lost) <= (1 - LEAST_REDACTED) * len(TOKENS), lost


@pytest.mark.parametrize("name", TABLE)
def test_redacting_again_and_again_changes_nothing_more(name: str) -> None:
    line, secret = TABLE[name]
    once = redact_shapes(line.format(secret))
    assert redact_shapes(once) == once
    assert once.count("\n") == line.format(secret).count("\n")


@pytest.mark.parametrize("line", ORDINARY)
def test_an_ordinary_line_stays(line: str) -> None:
    assert redact_shapes(line) == line
    assert not holds_secret(line)


def test_hardly_a_line_of_real_logs_is_altered() -> None:
    lines = [line for log in REAL_LOGS.glob("*.log") for line in log.read_bytes().decode().split("\n")]
    altered = [line for line in lines if holds_secret(line)]
    assert len(lines) > 5_000
    assert len(altered) <= MOST_ALTERED * len(lines), altered


@given(st.lists(st.sampled_from(["secret", "token=", "password='", "://a:", '"', "\\", "-p", " ", "\n", "@", "curl "])))
def test_text_made_of_what_secrets_begin_with_keeps_its_lines(parts: list[str]) -> None:
    text = "".join(parts)
    assert redact_shapes(text).count("\n") == text.count("\n")


@pytest.mark.parametrize(
    "unit",
    [
        "secret ",
        "token=abc password: x bearer ",
        "-----BEGIN PRIV" + "ATE KEY----- ",
        "token=",
        'password="',
        "://a:",
        "-----BEGIN RSA PRIV" + "ATE KEY-----\n",
        "mysql -p ",
        "q~",
        "eyJ",
        "%3D",
        "\\",
    ],
)
def test_time_grows_no_faster_than_the_text(unit: str) -> None:
    def cost(size: int) -> float:
        began = time.process_time()
        redact_shapes(unit * (size // len(unit)))
        return time.process_time() - began

    cost(20_000)
    assert min(cost(200_000) for _ in range(2)) < 20 * max(min(cost(25_000) for _ in range(3)), 0.0025)


def test_a_password_that_is_a_word_goes_where_its_name_is_certain_and_stays_in_prose() -> None:
    assert redact_shapes("PGPASSWORD=x psql") == f"PGPASSWORD={MARK} psql"
    assert redact_shapes("password=password") == "password=password"
    assert redact_shapes(f"use '{PASS}' or {WORD}") == f"use '{PASS}' or {WORD}"


SHOWN = [line.format(secret) for line, secret in TABLE.values()]


@given(st.lists(st.sampled_from([*SHOWN, *ORDINARY, ""]) | st.text(max_size=40), max_size=60))
def test_many_texts_are_redacted_as_each_of_them_alone(texts: list[str]) -> None:
    redactor = Redactor(lambda: [WORD])
    assert redactor.redact_each(texts) == [redactor.redact(text) for text in texts]


@pytest.mark.parametrize("secret", SHOWN)
def test_no_neighbour_hides_a_secret(secret: str) -> None:
    alone = redact_shapes(secret)
    for neighbour in (*SHOWN[::50], *ORDINARY[::10]):
        assert Redactor().redact_each([neighbour, secret]) == [redact_shapes(neighbour), alone]
        assert Redactor().redact_each([secret, neighbour]) == [alone, redact_shapes(neighbour)]


def test_an_answer_is_cleaned_like_each_of_its_texts_keys_included() -> None:
    clean = Cleaner(Redactor(lambda: [WORD]))
    answer = clean.value({"rows": [{"key": shown, shown: (shown, 1, None)} for shown in SHOWN]})
    assert answer == {"rows": [{"key": (one := clean.text(shown)), one: [one, 1, None]} for shown in SHOWN]}
