"""A person enters the value of a secret on a page of their machine, which no agent and no client sees."""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import anyio
import httpx
import pytest
from mcp.types import ElicitRequestURLParams, ElicitResult

from drone_mcp_admin.values import asking
from support.actions_desk import Person
from support.patience import PATIENCE

if TYPE_CHECKING:
    from collections.abc import Callable

VALUE = "typed by a person\nover two lines\n"
SECRET = "drone_manage_secret"
SET = {"repo": "octo/hello", "action": "set", "name": "NPM_TOKEN"}


@dataclass
class Typist(Person):
    """A person whose client opens pages: how they fill in the page, and what they saw."""

    opens: str = "accept"
    value: str = VALUE
    urls: list[str] = field(default_factory=list)
    pages: list[httpx.Response] = field(default_factory=list)
    before: Callable[[str], Any] | None = None

    async def __call__(self, context: Any, params: Any) -> ElicitResult:
        if not isinstance(params, ElicitRequestURLParams):
            return await super().__call__(context, params)
        self.urls.append(params.url)
        if self.opens == "accept" and self.value:
            async with httpx.AsyncClient(trust_env=False, timeout=PATIENCE) as browser:
                self.pages.append(await browser.get(params.url))
                if self.before:
                    await self.before(params.url)
                sent = self.value.replace("\n", "\r\n")  # as browsers do
                self.pages.append(await browser.post(params.url, data={"value": sent}))
        return ElicitResult.model_validate({"action": self.opens})


def _value(desk: Any, name: str = "NPM_TOKEN") -> str:
    return str(next(one.data for one in desk.drone.world.secrets if one.name == name))


@pytest.mark.parametrize("mode", ["auto", "legacy"])
async def test_a_value_goes_from_the_page_to_drone_after_a_confirmation(
    at: Any, mode: str, caplog: pytest.LogCaptureFixture
) -> None:
    person = Typist()
    async with at(person, mode) as desk:
        answer = await desk.call(SECRET, **SET)
        assert (_value(desk), desk.writes) == (VALUE, ["PATCH /api/repos/octo/hello/secrets/NPM_TOKEN"])
    assert (answer.data["outcome"], len(person.urls), len(person.asked)) == ("done", 1, 1)
    assert "secret NPM_TOKEN of octo/hello" in person.pages[0].text
    said = "".join([answer.text, *person.asked, *person.urls, json.dumps(desk.lines), caplog.text])
    assert "typed by a person" not in said
    assert [line["confirmation"] for line in desk.lines if line["event"] == "asked"] == ["page", "person"]


@pytest.mark.parametrize("mode", ["auto", "legacy"])
async def test_a_second_value_within_a_minute_is_no_repeated_call(at: Any, mode: str) -> None:
    person = Typist()
    async with at(person, mode) as desk:
        await desk.call(SECRET, **SET)
        person.value = "another value"
        answer = await desk.call(SECRET, **SET)
        assert _value(desk) == "another value"
    assert (answer.data["outcome"], len(set(person.urls))) == ("done", 2)


@pytest.mark.parametrize("mode", ["auto", "legacy"])
@pytest.mark.parametrize("opens", ["decline", "cancel"])
async def test_without_the_person_nothing_is_sent(at: Any, mode: str, opens: str) -> None:
    person = Typist(opens=opens)
    async with at(person, mode) as desk:
        answer = await desk.call(SECRET, **SET)
        assert desk.writes == []
    assert (answer.code, person.asked) == ("NOT_CONFIRMED", [])
    assert await _refuses(person.urls[0])


async def test_a_page_that_nobody_fills_in_ends(at: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(asking, "LIFE", 0.05)
    monkeypatch.setattr(asking, "REPORT_SECONDS", 0.02)
    async with at(Typist(value="")) as desk:
        answer = await desk.call(SECRET, **SET)
        assert desk.writes == []
    assert answer.code == "NOT_CONFIRMED"


async def test_a_person_who_declines_the_change_itself_keeps_the_old_value(at: Any) -> None:
    async with at(Typist(says="decline")) as desk:
        answer = await desk.call(SECRET, **SET)
        assert (desk.writes, _value(desk)) == ([], "old-npm-value")
    assert answer.code == "NOT_CONFIRMED"


async def test_a_role_that_may_not_set_it_opens_no_page(at: Any) -> None:
    person = Typist()
    async with at(person, DRONE_MCP_ADMIN_SCOPES="acme/*") as desk:
        answer = await desk.call(SECRET, **SET)
    assert (answer.code, person.urls) == ("PERMISSION_DENIED", [])


@pytest.mark.parametrize("given", [{"dry_run": True}, {}])
async def test_a_rehearsal_opens_no_page(at: Any, given: dict[str, Any]) -> None:
    person = Typist()
    async with at(person, DRONE_MCP_ADMIN="on" if given else "dry-run") as desk:
        answer = await desk.call(SECRET, **SET, **given)
    assert (answer.data["outcome"], person.urls) == ("dry_run", [])
    assert "a person" in answer.data["message"]


async def test_the_page_is_for_its_own_host_and_address_and_says_so_in_its_headers(at: Any) -> None:
    found: list[int] = []

    async def pry(url: str) -> None:
        async with httpx.AsyncClient(trust_env=False, timeout=PATIENCE) as other:
            root = url.rpartition("/")[0]
            found.append((await other.get(url, headers={"Host": "attacker.example.com"})).status_code)
            found.append((await other.post(url, data={"value": "x"}, headers={"Host": "localhost:1"})).status_code)
            found.append((await other.get(f"{root}/")).status_code)
            found.append((await other.get(f"{url}x")).status_code)
            found.append((await other.post(url, data={"value": ""})).status_code)
            found.append((await other.post(url, data={"value": "x" * 70_000})).status_code)
            found.append((await other.post(url, content=b"value=" + b"x" * 300_000)).status_code)

    person = Typist(before=pry)
    async with at(person) as desk:
        await desk.call(SECRET, **SET)
        assert _value(desk) == VALUE
    assert found == [421, 421, 404, 404, 422, 422, 413]
    headers = person.pages[0].headers
    assert "default-src 'none'" in headers["Content-Security-Policy"]
    assert (headers["Cache-Control"], headers["Referrer-Policy"]) == ("no-store", "no-referrer")
    assert person.urls[0].startswith("http://127.0.0.1:")
    assert len(person.urls[0].rpartition("/")[2]) >= 43  # 256 bits in base64


async def test_a_page_is_gone_once_it_was_answered(at: Any) -> None:
    person = Typist()
    async with at(person) as desk:
        await desk.call(SECRET, **SET)
        assert await _refuses(person.urls[0])


async def _refuses(url: str) -> bool:
    """Return whether nothing is at an address any more; a server takes a moment to end."""
    with anyio.fail_after(PATIENCE):
        async with httpx.AsyncClient(trust_env=False, timeout=PATIENCE) as browser:
            try:
                while (await browser.get(url)).is_success:
                    await anyio.lowlevel.checkpoint()
            except httpx.TransportError:
                return True
    return True


async def test_a_client_that_cannot_open_pages_is_told_what_the_operator_can_do(at: Any) -> None:
    async with at() as desk:
        answer = await desk.call(SECRET, **SET)
        assert desk.writes == []
    assert (answer.code, "DRONE_MCP_ADMIN_SECRETS" in answer.data["next_step"]) == ("INVALID_INPUT", True)


async def test_the_pages_of_a_process_are_few_and_end_with_it(at: Any) -> None:
    waiting = anyio.Event()

    async def hold(_: str) -> None:
        await waiting.wait()

    person = Typist(before=hold)
    async with at(person, DRONE_MCP_ADMIN_RATE="100/h") as desk, anyio.create_task_group() as group:
        for number in range(asking.MOST):
            group.start_soon(desk.client.call_tool, SECRET, {**SET, "name": f"S{number}"})
        with anyio.fail_after(PATIENCE):
            while len(person.urls) < asking.MOST:
                await anyio.lowlevel.checkpoint()
        answer = await desk.call(SECRET, **SET)
        waiting.set()
    assert answer.code == "RATE_LIMITED"
    assert len(set(person.urls)) == asking.MOST
