from __future__ import annotations

import base64
import json
from urllib.parse import quote

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ci_mcp_kit.outgoing_text import Cleaner
from ci_mcp_kit.redact import MARK, Redactor

OWN = "55f24eb3d61ef6ac5e83d550178638dc"
ALNUM = "ABCDEFGHJKLMNPQRSTUVWXYZabcdefghijkmnopqrstuvwxyz0123456789"
LETTERS = (ALNUM * 6)[:300]
# Put together here, so that no scanner takes this file for a leak.
SECRETS = [
    "gh" + "p_" + LETTERS[:36],
    "gh" + "s_" + LETTERS[3:39],
    "github" + "_pat_" + LETTERS[:22] + "_" + LETTERS[:59],
    "gl" + "pat-" + LETTERS[:20],
    "AK" + "IA" + "IOSFODNN7EXAMPLE",
    "xox" + "b-" + "123456789012-1234567890123-" + LETTERS[:24],
    "npm" + "_" + LETTERS[:36],
    "pypi" + "-AgEIcHlwaS5vcmc" + LETTERS[:100],
    "AI" + "za" + LETTERS[:35],
    "ya" + "29." + LETTERS[:60],
    "ey" + "JhbGciOiJIUzI1NiJ9.ey" + "JzdWIiOiIxMjM0In0." + LETTERS[:43],
    "sk" + "_live_" + LETTERS[:24],
    "sk" + "-ant-" + LETTERS[:60],
    "hv" + "s." + LETTERS[:28],
    "SG" + "." + LETTERS[:22] + "." + LETTERS[:43],
]
HARMLESS = [
    "commit 55f24eb3d61ef6ac5e83d550178638dc1234abcd",
    "sha256:e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855",
    "integrity sha512-z4PhNX7vuL3xVChQ1m2AB9Yg5AULVxXcg/SpIdNs6c5H0NE8XYXysP+DGNKHfuwvY7kxvUdBeoGlODJ6+SfaPg==",
    "id 123e4567-e89b-12d3-a456-426614174000",
    "token: ${DRONE_TOKEN}",
    "password=$PASSWORD",
    "password: from_secret",
    "secret: {{ .Values.secret }}",
    "TOKEN=<your token>",
    "error: unexpected token: identifier",
    "the secret: placeholders",
    "PWD=/home/runner/build1",
    "PublicKeyToken=b77a5c561934e089",
    "Tokenizer took 12345678ms",
    "https://drone.example.com/octo/hello/42",
    "git@github.com:octo/hello.git",
    "docker run -v $PWD:/src1234 image",
    "bearer of bad news everywhere",
    "ask-a-question-about-something-that-is-long-enough",
    "-----BEGIN CERTIFICATE-----\nMIIB\n-----END CERTIFICATE-----",
]


@pytest.mark.parametrize("secret", SECRETS, ids=lambda secret: secret[:8])
@pytest.mark.parametrize("around", ["{}", "x {} y", 'key="{}"', "https://host/{}?q", "\u00e9 {}", "({})"])
def test_a_secret_is_known_by_its_shape(secret: str, around: str) -> None:
    redacted = Redactor().redact(around.format(secret))
    assert secret not in redacted
    assert secret[8:] not in redacted
    assert MARK in redacted


@pytest.mark.parametrize("text", HARMLESS)
def test_what_is_no_secret_stays(text: str) -> None:
    assert Redactor().redact(text) == text


@pytest.mark.parametrize(
    ("text", "redacted"),
    [
        ("https://ada:hunter22@git.example.com/x", f"https://ada:{MARK}@git.example.com/x"),
        ("Authorization: Bearer abcdef123456", f"Authorization: Bearer {MARK}"),
        ("authorization: Basic YWRhOmh1bnRlcjI=", f"authorization: Basic {MARK}"),
        ('{"authorization":"token 12345678"}', f'{{"authorization":"token {MARK}"}}'),
        ("curl -H 'X: bearer 0123456789abcdefXYZ'", f"curl -H 'X: bearer {MARK}'"),
        ("export DB_PASSWORD=s3cr3t-value", f"export DB_PASSWORD={MARK}"),
        ('"apiKey": "0123456789abcdef0"', f'"apiKey": "{MARK}"'),
        ("AWS_SECRET_ACCESS_KEY=wJalrXUtnFEMI/K7MDENG", f"AWS_SECRET_ACCESS_KEY={MARK}"),
        ("password => 'c13d2abbb626e26d'", f"password => '{MARK}'"),
        ("hooks.slack.com/services/T0000/B0000/XXXXXXXXXXXX", f"hooks.slack.com/services/{MARK}"),
        ("a=1 token=abcd1234efgh&b=2", f"a=1 token={MARK}&b=2"),
    ],
)
def test_what_a_secrets_name_is_given_goes_and_the_name_stays(text: str, redacted: str) -> None:
    assert Redactor().redact(text) == redacted


def test_a_private_key_goes_as_a_whole_even_without_its_end() -> None:
    body = "\n".join(LETTERS[i : i + 60] for i in range(0, 240, 60))
    begin, end = (
        "-----BEGIN RSA PRIV" + "ATE KEY-----\nDEK-Info: AES-128-CBC,1F\n",
        "\n-----END RSA PRIV" + "ATE KEY-----",
    )
    block = "\n".join(["[redacted: 7 lines]", *[MARK] * 6])
    assert Redactor().redact(f"a\n{begin}{body}{end}\nb") == f"a\n{block}\nb"
    assert Redactor().redact(begin + body) == block.replace("7", "6").removesuffix(f"\n{MARK}")


@pytest.mark.parametrize("secret", [OWN, "a/b+c=d?e f" * 2])
def test_our_own_token_goes_in_every_form(secret: str) -> None:
    redactor = Redactor(lambda: [secret])
    forms = [secret, quote(secret, safe="")]
    forms += [base64.b64encode(f"{user}:{secret}".encode()).decode() for user in ("", "a", "ab", "abc")]
    forms += [base64.urlsafe_b64encode(f"x{secret}yz".encode()).decode()]
    for form in forms:
        redacted = redactor.redact(f"<{form}>")
        assert MARK in redacted
        assert form not in redacted


def test_a_token_that_was_rotated_is_still_a_secret_and_so_is_the_new_one() -> None:
    now = ["oldoldoldold"]
    redactor = Redactor(lambda: now)
    now[:] = ["newnewnewnew"]
    redactor.learn()
    assert redactor.redact("oldoldoldold newnewnewnew") == f"{MARK} {MARK}"


def test_a_token_too_short_to_be_one_does_not_blank_every_answer() -> None:
    assert Redactor(lambda: ["a", ""]).redact("a banana") == "a banana"


def test_a_short_token_goes_as_it_is_and_pieces_of_base64_that_it_might_be_in_stay() -> None:
    text = base64.b64encode(b"wxyz and more").decode()
    assert Redactor(lambda: ["wxyz"]).redact(f"wxyz {text}") == f"{MARK} {text}"


@pytest.mark.parametrize("split", ["\x1b[31m", "\u200b", "\x00", "\U000e0041"])
def test_a_secret_split_by_what_cannot_be_seen_is_found(split: str) -> None:
    secret = SECRETS[0]
    assert Cleaner().text(secret[:10] + split + secret[10:]) == MARK


def test_every_string_of_a_value_is_cleaned_keys_included() -> None:
    value = {"a": [OWN, {OWN: 1}], "b": (1.5, None, True)}
    assert Cleaner(Redactor(lambda: [OWN])).value(value) == {"a": [MARK, {MARK: 1}], "b": [1.5, None, True]}


@given(st.text(), st.text(), st.sampled_from(SECRETS))
def test_a_secret_apart_from_its_surroundings_never_survives(before: str, after: str, secret: str) -> None:
    assert secret not in Redactor().redact(f"{before} {secret} {after}")


@given(st.text(ALNUM + " .,:/=-_\n\"'", max_size=200))
def test_redacting_twice_changes_nothing_more(text: str) -> None:
    once = Redactor().redact(text)
    assert Redactor().redact(once) == once


@given(st.lists(st.sampled_from([*SECRETS, *HARMLESS, OWN])))
def test_json_stays_json(parts: list[str]) -> None:
    clean = Cleaner(Redactor(lambda: [OWN]))
    assert OWN not in json.dumps(clean.value({"parts": parts}))
