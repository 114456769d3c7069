"""The same failing step as each CI system writes it."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ci_mcp_logs.ci_markup import commands_in, common_form, error_command, group_name, split_stamp, tool_words
from ci_mcp_logs.distill import distill
from ci_mcp_logs.evidence import new_lines, places_of, study_of
from ci_mcp_logs.failure_signature import signature_of
from ci_mcp_logs.failure_signs import commands_before, judge_lines, witnesses_of
from ci_mcp_logs.log_text import LogText
from ci_mcp_logs.search import compile_pattern, search

if TYPE_CHECKING:
    from collections.abc import Callable

    Written = Callable[[datetime], list[str]]

NOW = datetime(2026, 11, 29, 2, 4, 0, 123456, UTC)
ANOTHER_DAY = datetime(2026, 12, 3, 17, 31, 5, 987654, UTC)

COMMANDS = ["npm ci", "npm test"]
PASSING = ["", "added 812 packages in 12s", *(f"copied asset {number} of 200" for number in range(200))]
FAILING = [
    "> shop@1.4.0 test",
    "> jest",
    "PASS src/money.test.js",
    "FAIL src/cart.test.js",
    "  ● cart > adds up",
    "    expect(received).toBe(expected)",
    "    Expected: 12",
    "    Received: 11",
    "      at Object.<anonymous> (src/cart.test.js:14:20)",
    "Test Suites: 1 failed, 1 passed, 2 total",
    "Tests:       1 failed, 4 passed, 5 total",
]


def stamped(lines: list[str], start: datetime, form: Callable[[datetime], str]) -> list[str]:
    return [form(start + timedelta(seconds=number // 10)) + line for number, line in enumerate(lines)]


def iso(digits: int) -> Callable[[datetime], str]:
    return lambda time: f"{time:%Y-%m-%dT%H:%M:%S.%f}0"[: 20 + digits] + "Z"


def drone(start: datetime) -> list[str]:
    del start  # the runner keeps times apart from the text
    return ["+ npm ci", *PASSING, "+ npm test", *FAILING]


def github(start: datetime) -> list[str]:
    def step(script: str, said: list[str]) -> list[str]:
        body = [f"\x1b[36;1m{script}\x1b[0m", "shell: /usr/bin/bash -e {0}", "##[endgroup]"]
        return [f"##[group]Run {script}", *body, *said]

    lines = [*step("npm ci", PASSING), *step("npm test", FAILING), "##[error]Process completed with exit code 1."]
    return stamped(lines, start, lambda time: iso(7)(time) + " ")


def gitlab(start: datetime) -> list[str]:
    lines = [
        "\x1b[0KRunning with gitlab-runner 18.7.0 (0123abcd)\x1b[0;m",
        "section_start:1796000640:step_script\r\x1b[0K",
        '\x1b[0K\x1b[36;1mExecuting "step_script" stage of the job script\x1b[0;m\x1b[0;m',
        "\x1b[32;1m$ npm ci\x1b[0;m",
        *PASSING,
        "\x1b[32;1m$ npm test\x1b[0;m",
        *FAILING,
        "section_end:1796000700:step_script\r\x1b[0K",
        "\x1b[0K\x1b[31;1mERROR: Job failed: exit code 1\x1b[0;m",
    ]
    streams = [f" {'01E' if line in FAILING else '00O'} {line}" for line in lines]
    return stamped(streams, start, iso(6))


def gitlab_without_times(start: datetime) -> list[str]:
    return [line[32:] for line in gitlab(start)]


def jenkins(start: datetime) -> list[str]:
    del start
    return [
        "Started by user dev",
        "[Pipeline] Start of Pipeline",
        "[Pipeline] node",
        "Running on Jenkins in /var/jenkins_home/workspace/shop",
        "[Pipeline] {",
        "[Pipeline] stage",
        "[Pipeline] { (Test)",
        "[Pipeline] sh",
        "+ npm ci",
        *PASSING,
        "+ npm test",
        *FAILING,
        "[Pipeline] }",
        "[Pipeline] // stage",
        "[Pipeline] }",
        "[Pipeline] // node",
        "[Pipeline] End of Pipeline",
        "ERROR: script returned exit code 1",
        "Finished: FAILURE",
    ]


def jenkins_with_a_clock(start: datetime) -> list[str]:
    return stamped(jenkins(start), start, lambda time: f"{time:%H:%M:%S}  ")


def buildkite(start: datetime) -> list[str]:
    lines = [
        "~~~ Running agent environment hook",
        "\x1b[90m$\x1b[0m /etc/buildkite-agent/hooks/environment",
        "~~~ Running commands",
        "\x1b[90m$\x1b[0m npm ci",
        *PASSING,
        "--- :test_tube: Tests",
        "\x1b[90m$\x1b[0m npm test",
        *FAILING,
        "^^^ +++",
        "\x1b[31m🚨 Error: The command exited with status 1\x1b[0m",
    ]
    return stamped(lines, start, lambda time: f"\x1b_bk;t={int(time.timestamp() * 1000)}\x07")


def azure(start: datetime) -> list[str]:
    lines = [
        "##[section]Starting: Tests",
        "==============================================================================",
        "Task         : Bash",
        "##[command]npm ci",
        *PASSING,
        "##[command]npm test",
        *FAILING,
        "##[error]Bash exited with code '1'.",
        "##[section]Finishing: Tests",
    ]
    return stamped(lines, start, lambda time: iso(7)(time) + " ")


SYSTEMS = [drone, github, gitlab, gitlab_without_times, jenkins, jenkins_with_a_clock, buildkite, azure]
each_system = pytest.mark.parametrize("written", SYSTEMS)


def excerpt_of(text: LogText) -> list[str]:
    return [line.text for line in distill(text, token_budget=500).lines]


@each_system
def test_the_failure_is_shown(written: Written) -> None:
    shown = "\n".join(excerpt_of(LogText.from_raw(written(NOW))))
    for line in FAILING[3:9]:
        assert line in shown


@each_system
def test_its_class_is_sure(written: Written) -> None:
    text = LogText.from_raw(written(NOW))
    found = distill(text)
    judged = judge_lines(witnesses_of(text, found), commands=commands_before(text, found), exit_code=1)
    assert (judged.kind, judged.confidence) == ("test", "high")


@each_system
def test_its_commands_are_known(written: Written) -> None:
    commands = list(commands_in(LogText.from_raw(written(NOW)).lines))
    for command in COMMANDS:
        assert any(found.endswith(command) for found in commands)


@each_system
def test_it_is_the_same_failure_on_another_day(written: Written) -> None:
    text = LogText.from_raw(written(NOW))
    later = LogText.from_raw(written(ANOTHER_DAY))
    assert signature_of(study_of(text), 1) == signature_of(study_of(later), 1) != ""


@each_system
def test_no_line_is_new_because_of_its_time(written: Written) -> None:
    text = LogText.from_raw(written(NOW))
    good = LogText.from_raw([line for line in written(ANOTHER_DAY) if FAILING[4] not in line])
    new = [text.lines[number - 1] for number in new_lines(text, study_of(text, good))]
    assert len(new) == 1
    assert new[0].endswith(FAILING[4])


@each_system
def test_a_search_finds_the_words_and_not_the_form(written: Written) -> None:
    text = LogText.from_raw(written(NOW))
    for pattern, count in (("^.*FAIL src/", 1), ("_bk;t=", 0), ("\\x1b", 0)):
        compiled = compile_pattern(pattern, literal=False, ignore_case=False)
        assert search(compiled, text, context=0, keep=5, go_on=lambda: True).count == count


@pytest.mark.parametrize(
    ("line", "message", "place"),
    [
        ("::error file=src/a.js,line=14,endLine=15,title=x::it broke%0Ahere", "it broke", "src/a.js:14"),
        ("::error title=Check: types,file=src/a.ts,line=3::wrong type", "wrong type", "src/a.ts:3"),
        ("::error file=C%3A\\src\\a.cs,line=7::it broke", "it broke", "C:\\src\\a.cs:7"),
        ("::error::it broke", "it broke", ""),
        ("##[error]it broke", "it broke", ""),
        (
            "##vso[task.logissue type=error;sourcepath=src/a.cs;linenumber=14;code=1;]it broke",
            "it broke",
            "src/a.cs:14",
        ),
        ("##vso[task.complete result=Failed;]it broke", "it broke", ""),
    ],
)
def test_an_error_that_is_reported_to_the_ci_system_is_read(line: str, message: str, place: str) -> None:
    assert error_command(line) == (message, place)


@pytest.mark.parametrize(
    "line",
    ["::group::error", "##vso[task.logissue type=warning;]x", "::set-output name=error::x", "error: x", "##", ""],
)
def test_any_other_line_reports_no_error(line: str) -> None:
    assert error_command(line) is None


def test_the_place_of_a_reported_error_is_one_of_the_failure() -> None:
    lines = ["+ make lint", *PASSING, "::error file=src/cart.js,line=14,col=9::'sum' is not defined", "1 error"]
    assert places_of(distill(LogText.from_raw(lines))) == ("src/cart.js:14",)


@pytest.mark.parametrize(
    ("line", "name"),
    [
        ("##[group]Build the image", "Build the image"),
        ("::group::Build the image", "Build the image"),
        ("2026-11-29T02:04:00.1234567Z ##[section]Starting: Build the image", "Build the image"),
        ("[Pipeline] { (Build the image)", "Build the image"),
        ("--- :docker: Build the image", ":docker: Build the image"),
        ("+++ 🐳 Build the image", "🐳 Build the image"),
        ("section_start:1796000640:build_image", "build_image"),
        ("travis_fold:start:build_image", "build_image"),
        ("##teamcity[blockOpened name='Build the image']", "Build the image"),
        ("--- a/src/cart.c", ""),
        ("+++ b/src/cart.c", ""),
        ("--- FAIL: TestCart (0.01s)", ""),
        ("[Pipeline] sh", ""),
        ("", ""),
    ],
)
def test_the_heading_of_a_group_is_known(line: str, name: str) -> None:
    assert group_name(line) == name


@pytest.mark.parametrize(
    "before",
    [
        "[linux] ",
        "[2026-11-29T02:04:00.123Z] [linux] ",
        "[linux] [2026-11-29T02:04:00.123Z] ",
        "[build : compile] ",
        "#12 24.70 ",
        'Step #3 - "unit tests": ',
        "[Container] 2026/11/29 02:04:00 ",
        "2026-11-29T02:04:00.123456Z 01E ",
        "2026-11-29T02:04:00.123456Z 00O+",
        "web_1  | ",
        "@octo/shop:build: ",
        "##[error]",
    ],
)
def test_a_tools_words_are_read_behind_what_the_ci_system_wrote(before: str) -> None:
    assert tool_words(f"{before}E: Unable to locate package foo") == "E: Unable to locate package foo"


@pytest.mark.parametrize("line", ["[ERROR] it broke", "[INFO] fine", "[warn] src/a.js", "[1/3] x", "- [x] done"])
def test_a_tools_own_words_stay(line: str) -> None:
    assert tool_words(line) == line


@given(st.text(st.sampled_from(list("#[]:=;,%0A3 \nerrofilnvsota.task+-|'\"{}")), max_size=300))
def test_any_line_is_taken(line: str) -> None:
    assert tool_words(line).endswith("\n") <= line.endswith("\n")
    assert group_name(line) in line
    assert list(commands_in([line])) in ([], [line], [group_name(line)], [tool_words(line)])


TIMES = [f"2026-05-01T12:00:0{second}.1234567Z" for second in range(4)]
FORMS = {
    "github": ("2026-05-01T12:00:01.1234567Z ", "2026-05-01T12:00:02.7654321Z "),
    "go": ("2026/05/01 12:00:01 ", "2026/05/02 23:59:59 "),
    "fractions of any length": ("2026-05-01T12:00:01.12Z\t", "2026-05-01T12:00:01Z\t"),
    "python": ("2026-05-01 12:00:01,123 ", "2026-05-01 12:00:02,001 "),
    "with an offset": ("2026-05-01T12:00:01+02:00 ", "2026-05-01T12:00:02+02:00 "),
    "clock": ("[12:00:01] ", "[12:00:02] "),
    "bare clock": ("12:00:01.5 ", "12:00:02.25 "),
    "logfmt": ('time="2026-05-01T12:00:01Z" ', 'time="2026-05-01T12:00:02Z" '),
}


@pytest.mark.parametrize("stamps", FORMS.values(), ids=FORMS)
def test_the_usual_forms_are_known(stamps: tuple[str, str]) -> None:
    form = common_form([f"{stamp}text" for stamp in stamps * 2])
    assert [split_stamp(f"{stamp}  text", form) for stamp in stamps] == [(stamp.strip(), "  text") for stamp in stamps]
    assert split_stamp(stamps[0].strip(), form) == (stamps[0].strip(), "")


@pytest.mark.parametrize(
    "line",
    ["12:00", "2026-05-01", "12:00:01", "1.5 s", "2026-05-01T12:00:01Zulu", "at 12:00:01 it broke", "", "time=1"],
)
def test_what_is_no_stamp_of_the_logs_form_stays(line: str) -> None:
    form = common_form([f"{time} x" for time in TIMES])
    assert split_stamp(line, form) == ("", line)


def test_a_log_in_which_hardly_a_line_has_a_time_has_no_form() -> None:
    assert common_form([*(f"line {number}" for number in range(50)), *(f"{time} x" for time in TIMES[:3])]) == ""
    assert common_form([]) == ""
