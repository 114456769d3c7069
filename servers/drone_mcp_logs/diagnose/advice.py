"""Proposes what to do about a failure of each class. Pure."""

from __future__ import annotations

_BY_KIND = {
    "test": "Open {place} and run the failing test there; drone_get_build_logs with stage, step and around shows more",
    "compile": "Mend what the compiler names at {place}",
    "lint": "Correct {place} as the rule says, or run the formatter",
    "dependency": "Check name, version and registry of the dependency; if the registry was down, run the build again",
    "infrastructure": "It is hardly the change: run the build again; if it stays, tell whoever runs the runners",
    "out_of_memory": "Let the step need less memory (fewer jobs at once) or have more, then run the build again",
    "timeout": "Find what hangs at the end of the log; raise the limit only where it is honest work",
    "cancelled": "See whether a newer build replaced it; run it again if it is still wanted",
    "configuration": "Correct the pipeline file of the repository (.drone.yml) or what it calls, then push",
    "approval": "Ask an administrator of the repository to approve or decline it",
    "unknown": "Read the end of the step with drone_get_build_logs, or look for words with drone_search_build_logs",
}
_THERE = "It fails on its target branch as well (drone_find_regression: since when): mend it there or wait for that. "


def advice(kind: str, place: str, *, on_target: bool) -> str:
    """Propose the next step; "" where nothing failed. `on_target`: the target branch has the same failure."""
    text = _BY_KIND.get(kind, "").format(place=place or "what the lines name")
    return _THERE + text if text and on_target else text
