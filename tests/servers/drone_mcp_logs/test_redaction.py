"""What leaves of a log that holds secrets.

The secrets are put together here, so that no scanner takes this file for a leak.
"""

from __future__ import annotations

import base64
from typing import TYPE_CHECKING, Any
from urllib.parse import quote

import pytest

from ci_mcp_kit.redact import MARK
from support.agent import numbered
from support.made_builds import failing_build, made_repo

if TYPE_CHECKING:
    import respx

REPO = "/api/repos/octo/hello"
BUILDS = f"{REPO}/builds"
LETTERS = "aB3dE6gH9jK2mN5pQ8sT1vW4yZ7bC0eF3hJ6kM9oP2rS5uV8xY1zA4cD7fG0iL"
OWN = "a-token-of-the-tests"  # the one that the server under test was given
GITHUB, GITLAB = "gh" + "p_" + LETTERS[:36], "gl" + "pat-" + LETTERS[:20]
AWS, NPM = "AK" + "IA" + "IOSFODNN7EXAMPLE", "npm" + "_" + LETTERS[:36]
JWT = "ey" + "JhbGciOiJIUzI1NiJ9.ey" + "JzdWIiOiIxMjM0In0." + LETTERS[:43]
WORD = "s3cr3t-" + LETTERS[:12]
KEY = LETTERS[:60]

BASE64, BASE64_PAIR = (base64.b64encode(text.encode()).decode() for text in (OWN, f"dev:{OWN}"))

# What a build prints -> what of it must not leave.
LEAKS = {
    "a token in a remote's address": (f"fatal: unable to access 'https://x:{GITHUB}@github.com/o/r.git/'", GITHUB),
    "a password in an address": (f"error: postgres://app:{WORD}@db:5432/app refused", WORD),
    "a header of curl": (f"> Authorization: Bearer {JWT}", JWT),
    "a header of basic authentication": (f"> authorization: Basic {LETTERS[:32]}", LETTERS[:32]),
    "an exported variable": (f"+ export DEPLOY_TOKEN={WORD}", WORD),
    "a variable of docker": (f"Step 4/9 : ENV DB_PASSWORD={WORD}", WORD),
    "a JSON file": (f'  "client_secret": "{WORD}",', WORD),
    "a YAML file": (f"  password: '{WORD}'", WORD),
    "an argument": (f"+ helm upgrade --set apiKey={WORD} app .", WORD),
    "the cloud's key": (f"error: InvalidAccessKeyId: {AWS}", AWS),
    "npm's file": (f"//packages.example.com/:_authToken={NPM}", NPM),
    "split by colours": (f"error: {GITHUB[:7]}\x1b[1m{GITHUB[7:20]}\x1b[0m\x1b[31m{GITHUB[20:]}\x1b[0m is bad", GITHUB),
    "split by an escape that ends nowhere near": (f"error: {GITLAB[:9]}\x1b]0;title\x07{GITLAB[9:]}", GITLAB),
    "split by what cannot be seen": (f"error: {GITHUB[:9]}\u200b{GITHUB[9:]}\u2060", GITHUB),
    "its own token": (f"error: 401 for {OWN}", OWN),
    "its own token split by colours": (f"error: 401 for {OWN[:5]}\x1b[31m{OWN[5:]}", OWN),
    "its own token in an address": (f"error: GET /?access_token={quote(OWN)}", OWN),
    "its own token in base64": (f"error: {BASE64}", BASE64[:20]),
    "its own token in base64 beside a name": (f"error: {BASE64_PAIR}", BASE64_PAIR[8:24]),
}  # fmt: skip


def writes(*outs: str) -> list[dict[str, Any]]:
    return [{"pos": index, "out": out, "time": index} for index, out in enumerate(outs)]


def one_failed_build(drone: respx.MockRouter, *outs: str) -> None:
    drone.get(f"{BUILDS}/41").respond(json=failing_build())
    drone.get(f"{BUILDS}/41/logs/1/3").respond(json=writes(*outs))


@pytest.mark.parametrize("leak", LEAKS)
async def test_a_secret_does_not_leave_by_any_tool(agent: Any, drone: respx.MockRouter, leak: str) -> None:
    line, secret = LEAKS[leak]
    one_failed_build(drone, "+ deploy\n", f"{line}\n", "deploy failed\n")
    drone.get(REPO).respond(json=made_repo("octo/hello"))
    drone.get(f"{BUILDS}/latest").respond(json=failing_build())
    drone.get(BUILDS).respond(json=[])
    answers = [
        await agent.diagnose(number=41),
        await agent.logs(number=41),
        await agent.search("deploy", number=41, step="test", context=3),
    ]
    for answer in answers:
        assert MARK in answer.text
        assert secret not in answer.text
        assert secret not in str(answer.data)


@pytest.mark.parametrize("budget", [200, 2000])
async def test_no_part_of_its_own_token_leaves_where_a_long_line_is_cut(
    agent: Any, drone: respx.MockRouter, budget: int
) -> None:
    """Wherever the line is cut: half a token is not known as one once the rest is gone."""
    lines = [f"error: {'x' * before}{OWN}{'y' * 3_000}\n" for before in range(0, 2_000, 7)]
    one_failed_build(drone, *lines)
    drone.get(REPO).respond(json=made_repo("octo/hello"))
    drone.get(f"{BUILDS}/latest").respond(json=failing_build())
    drone.get(BUILDS).respond(json=[])
    parts = {OWN[at : at + 6] for at in range(len(OWN) - 5)}
    for first in (1, 60, 120, 200):
        answers = [
            await agent.logs(number=41, step="test", around=first, token_budget=budget),
            await agent.search("x+a-tok|y{9}", number=41, step="test", max_matches=9, token_budget=budget),
            await agent.diagnose(number=41, token_budget=budget),
        ]
        for answer in answers:
            assert "error: xx" in answer.text
            assert not any(part in answer.text for part in parts)


async def test_a_private_key_goes_line_by_line_and_the_numbers_stay(agent: Any, drone: respx.MockRouter) -> None:
    begin, end = "-----BEGIN RSA PRIV" + "ATE KEY-----", "-----END RSA PRIV" + "ATE KEY-----"
    one_failed_build(drone, f"+ cat id_rsa\n{begin}\n{KEY}\n{KEY}\n{end}\n", "deploy failed\n")
    answer = await agent.logs(number=41)
    assert numbered(answer.data["logs"][0]["log"])[-1] == (6, "|", "deploy failed")
    assert KEY[:20] not in answer.text


async def test_a_log_that_mentions_a_key_keeps_its_failure(agent: Any, drone: respx.MockRouter) -> None:
    begin = "-----BEGIN RSA PRIV" + "ATE KEY-----"
    one_failed_build(drone, f"checking for {begin}\n", *(f"compiling {n}\n" for n in range(280)), "error: no room\n")
    answer = await agent.logs(number=41)
    assert numbered(answer.data["logs"][0]["log"])[-1] == (282, "|", "error: no room")
    assert MARK not in answer.text


async def test_an_answer_says_how_many_lines_a_secret_took(agent: Any, drone: respx.MockRouter) -> None:
    begin, end = "-----BEGIN RSA PRIV" + "ATE KEY-----", "-----END RSA PRIV" + "ATE KEY-----"
    one_failed_build(drone, f"+ cat id_rsa\n{begin}\n{KEY}\n{KEY}\n{end}\n", "deploy failed\n")
    answer = await agent.logs(number=41)
    assert (2, "|", "[redacted: 4 lines]") in numbered(answer.data["logs"][0]["log"])
