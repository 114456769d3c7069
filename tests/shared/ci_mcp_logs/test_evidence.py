from __future__ import annotations

from ci_mcp_logs.evidence import signature_of, study_of
from ci_mcp_logs.log_text import LogText


def test_the_same_failure_has_the_same_signature_in_another_build() -> None:
    def log(number: int) -> LogText:
        noise = [f"[{number + n}s] fetching part {n * number}" for n in range(300)]
        return LogText((*noise, f"FAIL: money_test.c:{number}: expected 3, got 2", f"make: *** [check] Error {number}"))

    own, again, other = map(study_of, (log(41), log(977), LogText(("FAIL: other_test.c:1: expected a bee",))))
    assert signature_of(own, 1) == signature_of(again, 1) != ""
    assert signature_of(own, 1) != signature_of(other, 1)
