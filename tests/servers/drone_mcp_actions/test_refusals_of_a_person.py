"""A change that a person has refused is not asked for again, whatever the next calls say."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import anyio
import anyio.lowlevel
from hypothesis import given, settings
from hypothesis import strategies as st

from ci_mcp_kit.guard import asking
from support.actions_desk import ADDITIONS, Person, desk
from support.patience import PATIENCE

if TYPE_CHECKING:
    from pathlib import Path

    import pytest

ASKS = {**ADDITIONS, "DRONE_MCP_ACTION_CONFIRM": "low", "DRONE_MCP_ACTION_UNAPPROVED": "allow"}
SUBJECTS = {
    "drone_restart_build": {"repo": "octo/hello", "number": 1},
    "drone_stop_build": {"repo": "octo/hello", "number": 2},
    "drone_approve_build": {"repo": "octo/guarded", "number": 1},
    "drone_decline_build": {"repo": "octo/guarded", "number": 1},
}
VARIATIONS = st.fixed_dictionaries(
    {},
    optional={
        "stage": st.integers(1, 2),
        "params": st.dictionaries(st.sampled_from(("A", "B")), st.sampled_from(("1", "2")), max_size=2),
        "debug": st.booleans(),
        "confirmation": st.sampled_from(("yes", "W10.W10")),
        "spelled": st.sampled_from(("{}", "Octo/hello", "http://127.0.0.1/{}/1", " {} ", "{}.git")),
    },
)


@given(tool=st.sampled_from(sorted(SUBJECTS)), variations=st.lists(VARIATIONS, min_size=2, max_size=5))
@settings(max_examples=30)
def test_a_no_holds_whatever_else_the_next_calls_say(
    tmp_path_factory: pytest.TempPathFactory, tool: str, variations: list[dict[str, Any]]
) -> None:
    async def ask() -> None:
        person = Person("decline")
        folder: Path = tmp_path_factory.mktemp("audit")
        async with desk(folder, "legacy", person, **ASKS) as at:
            await at.call(tool, **SUBJECTS[tool])
            person.says = "accept"
            for variation in variations:
                spelled = variation.pop("spelled", "{}").format(SUBJECTS[tool]["repo"])
                known = {key: value for key, value in variation.items() if key in accepted[tool]}
                answer = await at.call(tool, **{**SUBJECTS[tool], "repo": spelled, **known})
                assert answer.failed
            assert len(person.asked) == 1
            assert at.writes == []

    accepted = {
        "drone_restart_build": {"params", "debug", "confirmation"},
        "drone_stop_build": {"confirmation"},
        "drone_approve_build": {"stage", "confirmation"},
        "drone_decline_build": {"stage", "confirmation"},
    }
    anyio.run(ask)


async def test_another_version_of_the_build_may_be_asked_about(at: Any, era: Any) -> None:
    person = Person("decline")
    async with at(era, person, **ASKS) as desk:
        await desk.call("drone_stop_build", **SUBJECTS["drone_stop_build"])
        desk.build("octo/hello", 2).version += 1
        await desk.call("drone_stop_build", **SUBJECTS["drone_stop_build"])
    assert len(person.asked) == 2


async def test_a_no_holds_although_a_stage_has_moved_while_the_person_thought(at: Any, era: Any) -> None:
    person = Person("decline")
    async with at(era, person, **ASKS) as desk:

        def move() -> None:
            desk.build("octo/guarded", 1).stages[0].version += 1

        person.meanwhile = move
        answers = [await desk.call("drone_approve_build", **SUBJECTS["drone_approve_build"]) for _ in range(3)]
    assert len(person.asked) == 1
    assert [answer.data["details"] for answer in answers] == [{"said": "decline"}] * 3


async def test_two_closed_forms_count_as_a_no_for_a_while(at: Any, era: Any) -> None:
    person = Person("cancel")
    async with at(era, person, **ASKS) as desk:
        answers = [
            await desk.call("drone_restart_build", **SUBJECTS["drone_restart_build"], params={"A": str(number)})
            for number in range(5)
        ]
        assert (len(person.asked), desk.writes) == (2, [])
        assert [line["outcome"] for line in desk.lines if line["event"] != "asked"] == ["refused"] * 5
        desk.clock[0] += 301
        person.says = "accept"
        assert not (await desk.call("drone_restart_build", **SUBJECTS["drone_restart_build"])).failed
    assert [answer.data["details"]["said"] for answer in answers] == ["cancel", "cancel", *["decline"] * 3]


async def test_questions_have_a_rate_whatever_they_are_about(at: Any, era: Any) -> None:
    person = Person("decline")
    async with at(era, person, **ASKS, DRONE_MCP_ACTION_RATE="2/h") as desk:
        answers = []
        for version in range(10):
            desk.build("octo/hello", 2).version = 100 + version
            answers.append(await desk.call("drone_stop_build", **SUBJECTS["drone_stop_build"]))
    assert len(person.asked) == 4
    assert answers[-1].code == "RATE_LIMITED"
    assert "questions" in answers[-1].data["message"]


async def test_questions_for_a_token_have_the_same_rate(at: Any) -> None:
    async with at(**ASKS, DRONE_MCP_ACTION_RATE="2/h") as desk:
        codes = [(await desk.call("drone_stop_build", **SUBJECTS["drone_stop_build"])).code for _ in range(6)]
    assert codes == [*["NOT_CONFIRMED"] * 4, "RATE_LIMITED", "RATE_LIMITED"]


async def test_a_no_to_one_of_several_forms_is_a_no_to_all(at: Any) -> None:
    """Two calls ask at once; the person declines the first form and accepts the other."""
    both_shown, answers = anyio.Event(), ["decline", "accept"]

    class Hesitant(Person):
        async def __call__(self, context: Any, params: Any) -> Any:
            self.asked.append(params.message)
            mine = len(self.asked) - 1
            if len(self.asked) == 2:
                both_shown.set()
            await both_shown.wait()
            if mine == 1:
                await declined.wait()
            said = Person(answers[mine])
            return await said(context, params)

    declined = anyio.Event()
    async with at("legacy", Hesitant(), **ASKS) as desk:

        async def stop(first: bool) -> None:
            await desk.call("drone_stop_build", **SUBJECTS["drone_stop_build"])
            if first:
                declined.set()

        async with anyio.create_task_group() as tasks:
            tasks.start_soon(stop, True)
            while desk.events != ["asked"]:
                await anyio.lowlevel.checkpoint()
            tasks.start_soon(stop, False)
        assert desk.writes == []


async def test_a_person_who_never_answers_is_not_waited_for_without_end(
    at: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(asking, "PATIENCE", 0.05)

    class Absent(Person):
        async def __call__(self, context: Any, params: Any) -> Any:  # noqa: ARG002 - the SDK's signature
            await anyio.sleep_forever()

    async with at("legacy", Absent(), **ASKS) as desk:
        answer = await desk.call("drone_stop_build", **SUBJECTS["drone_stop_build"])
        assert (desk.events, desk.writes) == (["asked", "cancel"], [])
    assert (answer.code, answer.data["details"]) == ("NOT_CONFIRMED", {"said": "cancel"})


async def test_a_call_that_is_cancelled_while_a_person_thinks_is_on_record_as_that(at: Any) -> None:
    class Slow(Person):
        async def __call__(self, context: Any, params: Any) -> Any:  # noqa: ARG002 - the SDK's signature
            scope.cancel()
            await anyio.sleep_forever()

    async with at("legacy", Slow(), **ASKS) as desk:
        with anyio.CancelScope() as scope:
            await desk.call("drone_stop_build", **SUBJECTS["drone_stop_build"])
        with anyio.fail_after(PATIENCE):
            while desk.events[-1] != "cancelled":
                await anyio.lowlevel.checkpoint()
        assert (desk.lines[-1]["outcome"], desk.writes) == ("not_sent", [])
