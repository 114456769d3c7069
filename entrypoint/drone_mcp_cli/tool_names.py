"""The tools that have a command or a page of their own."""

from __future__ import annotations

from typing import Final

DIAGNOSE: Final = "drone_diagnose_build"
LOGS: Final = "drone_get_build_logs"
WAIT: Final = "drone_wait_for_build"
BUILD: Final = "drone_get_build"
BUILDS: Final = "drone_list_builds"
FIND: Final = "drone_find_builds"
COMPARE: Final = "drone_compare_builds"
FIND_REGRESSION: Final = "drone_find_regression"
FIND_FLAKY_STEPS: Final = "drone_find_flaky_steps"
RESTART: Final = "drone_restart_build"
REPOS: Final = "drone_list_repos"
SEARCH: Final = "drone_search_build_logs"
ABOUT_ONE_BUILD: Final = (DIAGNOSE, LOGS, SEARCH, BUILD, WAIT)
CHANGES: Final = (RESTART, "drone_stop_build", "drone_approve_build", "drone_decline_build")

COMMANDS: Final = {
    DIAGNOSE: "diagnose",
    LOGS: "logs",
    WAIT: "wait",
    BUILDS: "builds",
    FIND_REGRESSION: "why",
    FIND_FLAKY_STEPS: "why",
    RESTART: "restart",
}
