"""The windows of an answer, over any builds and logs: the budget holds, lines are the log's own, paging is whole."""

from __future__ import annotations

from hypothesis import assume, given
from hypothesis import strategies as st

from ci_mcp_logs.answer_text import size_of
from ci_mcp_logs.ci_markup import form_of
from ci_mcp_logs.log_text import LogText
from ci_mcp_logs.windows import Window
from drone_mcp_build.failed_steps import StepRef
from drone_mcp_client.models import Stage, Step
from drone_mcp_diagnosis.step_reader import LogReading
from drone_mcp_logs.read.answer import Page, compose
from drone_mcp_logs.read.step_cursor import decode
from support.agent import numbered

LINES = st.lists(
    st.sampled_from([f"2026-05-01T12:00:0{n}.123456789+02:00 built" for n in range(4)])
    | st.sampled_from(["", "ok", 'say "hi"', "back\\slash", "\ttab", "日本語", "x" * 300, "y" * 9000])
    | st.text(alphabet="abc ", max_size=40),
    max_size=60,
).map(tuple)
TEXTS = st.builds(
    LogText,
    LINES,
    size=st.integers(0, 5 << 20),
    first_pos=st.sampled_from([0, 21_862]),
    stamps=st.sampled_from(["", form_of("2026-05-01T12:00:00+02:00")]),
)
NAMES = st.sampled_from(["test", "a b", "long-" * 40, "日本"])
STEPS = st.builds(
    Step, number=st.integers(1, 99), name=NAMES, status=st.sampled_from(["failure", "error", "killed"]),
    exit_code=st.sampled_from([0, 1, 137]), error=st.sampled_from(["", "cannot pull image " * 30]),
)  # fmt: skip
PLACES = st.builds(StepRef, st.builds(Stage, number=st.integers(1, 99), name=NAMES, status=st.just("failure")), STEPS)
READINGS = st.builds(
    LogReading, PLACES, TEXTS | st.none(), why=st.sampled_from(["", "It is not there: " + "why " * 70])
)
PAGES = st.builds(
    Page,
    repo=st.sampled_from(["octo/hello", "o/n", "n" * 39 + "/" + "m" * 100]),
    number=st.integers(1, 10**9),
    nonce=st.just("0a1b2c3d"),
    status=st.just("failure"),
    summary=st.sampled_from(["", "3 steps failed", "the build failed: " + "why " * 75]),
    steps=st.lists(st.sampled_from(["1/2 build/test: success", "2/1 " + "n" * 200]), max_size=60).map(tuple),
    next_step=st.sampled_from(["", "name a step"]),
    if_cut=st.sampled_from(["", "go on with cursor"]),
)
BUDGETS = st.integers(200, 20_000) | st.just(200)
WINDOWS = st.sampled_from([Window(), Window("tail", 7), Window("head", 7), Window("tail", 10**9), Window("head", 1)])


@given(PAGES, st.lists(READINGS, max_size=12), WINDOWS, BUDGETS)
def test_an_answer_never_exceeds_its_budget_in_either_form(
    page: Page, readings: list[LogReading], window: Window, budget: int
) -> None:
    assert size_of(compose(page, readings, window, budget)) <= budget


@given(PAGES, st.lists(READINGS, min_size=1, max_size=5), WINDOWS, BUDGETS)
def test_an_answer_shows_something_of_every_log_that_it_names(
    page: Page, readings: list[LogReading], window: Window, budget: int
) -> None:
    view = compose(page, readings, window, budget)
    assert view.logs
    for section, reading in zip(view.logs, readings, strict=False):
        assert bool(section.log) == bool(reading.text and reading.text.lines)


@given(PAGES, st.lists(READINGS, min_size=1, max_size=5), WINDOWS, BUDGETS)
def test_every_shown_line_is_the_logs_line_of_that_number(
    page: Page, readings: list[LogReading], window: Window, budget: int
) -> None:
    for section, reading in zip(compose(page, readings, window, budget).logs, readings, strict=False):
        if not section.log:
            continue
        assert reading.text
        rows = numbered(section.log)
        assert [number for number, _, _ in rows] == list(range(section.first_line or 0, (section.last_line or 0) + 1))
        for number, mark, shown in rows:
            line = reading.text.lines[number - 1]
            begun = shown.partition("…[+")[0]
            assert shown == line or (line.partition(" ")[2] if mark == "~" else line).startswith(begun)


@given(TEXTS, st.integers(200, 3000), st.data())
def test_around_shows_the_line_that_is_asked_for(text: LogText, budget: int, data: st.DataObject) -> None:
    assume(text.lines)
    line = data.draw(st.integers(text.first, text.last))
    reading = LogReading(data.draw(PLACES), text)
    section = compose(data.draw(PAGES), [reading], Window("around", line), budget).logs[0]
    assert line in [number for number, _, _ in numbered(section.log)]


@given(TEXTS, PAGES, PLACES, st.integers(200, 2000), st.booleans())
def test_paging_by_cursor_visits_every_line_once(
    text: LogText, page: Page, ref: StepRef, budget: int, back: bool
) -> None:
    window = Window() if back else Window("head", 1)
    seen: list[int] = []
    for _ in range(len(text.lines) + 1):
        section = compose(page, [LogReading(ref, text)], window, budget).logs[0]
        rows = [number for number, _, _ in numbered(section.log)] if section.log else []
        seen = [*rows, *seen] if back else [*seen, *rows]
        cursor = section.cursor_back if back else section.cursor
        assert bool(section.end) == (section.last_line == text.last or not text.lines)
        if not cursor:
            break
        window = Window("cursor", cursor=decode(page.repo, cursor))
    assert seen == list(range(1, len(text.lines) + 1))


SHORT = st.lists(st.text(alphabet="ab ", max_size=40), min_size=1, max_size=40).map(tuple)


@given(PAGES, st.lists(st.builds(LogReading, PLACES, st.builds(LogText, SHORT)), min_size=1, max_size=3))
def test_what_fits_is_shown_whole(page: Page, readings: list[LogReading]) -> None:
    view = compose(page, readings, Window(), 6_000)
    for section, reading in zip(view.logs, readings, strict=True):
        assert reading.text
        assert tuple(line for _, _, line in numbered(section.log)) == reading.text.lines
        assert not section.truncated
        assert section.end


def test_a_short_log_is_not_cut_to_its_own_size() -> None:
    step = Step(number=1, name="test", status="failure", exit_code=1)
    lines = ("+ " + "x" * 90, "y" * 90)
    reading = LogReading(StepRef(Stage(number=1, name="ci", status="failure"), step), LogText(lines))
    view = compose(Page("octo/hello", 7, "0a1b2c3d"), [reading], Window(), 2_000)
    assert [line for _, _, line in numbered(view.logs[0].log)] == list(lines)
