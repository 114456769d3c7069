import json
from pathlib import Path

import pytest

from drone_mcp_node_agent.runtime.podman_error_rules import read_fault
from drone_mcp_node_agent.runtime.runtime import FaultKind

FIXTURES = Path(__file__).parents[3] / "fixtures"
VERSIONS = ("podman-4.3.1", "podman-5.8.2")

RECORDED = {
    "pull_tag_unknown": FaultKind.IMAGE_UNKNOWN,
    "pull_repo_unknown": FaultKind.IMAGE_UNKNOWN,
    "pull_http_not_https": FaultKind.REGISTRY_UNREACHABLE,
    "pull_refused": FaultKind.REGISTRY_UNREACHABLE,
    "pull_bad_reference": FaultKind.INVALID_ARGUMENT,
    "pull_short_name": FaultKind.INVALID_ARGUMENT,
    "image_inspect_missing": FaultKind.IMAGE_MISSING,
    "inspect_one_missing": FaultKind.CONTAINER_MISSING,
    "inspect_missing_container": FaultKind.CONTAINER_MISSING,
    "err_start_missing": FaultKind.CONTAINER_MISSING,
    "err_stop_missing": FaultKind.CONTAINER_MISSING,
    "err_rm_missing": FaultKind.CONTAINER_MISSING,
    "err_logs_missing": FaultKind.CONTAINER_MISSING,
    "err_exec_missing": FaultKind.CONTAINER_MISSING,
    "err_rm_running": FaultKind.WRONG_STATE,
    "err_rm_paused": FaultKind.WRONG_STATE,
    "err_stop_paused": FaultKind.WRONG_STATE,
    "err_exec_stopped": FaultKind.WRONG_STATE,
    "err_name_in_use": FaultKind.NAME_IN_USE,
    "err_port_in_use_by_container": FaultKind.PORT_IN_USE,
    "err_image_never": FaultKind.IMAGE_MISSING,
    "err_image_unknown": FaultKind.IMAGE_UNKNOWN,
    "err_volume_missing": FaultKind.VOLUME_MISSING,
    "err_network_missing": FaultKind.NETWORK_MISSING,
    "err_user_missing": FaultKind.USER_UNKNOWN,
    "err_cmd_not_found": FaultKind.COMMAND_NOT_FOUND,
    "err_cmd_not_executable": FaultKind.COMMAND_NOT_EXECUTABLE,
    "err_bad_flag": FaultKind.INVALID_ARGUMENT,
    "err_bad_restart": FaultKind.INVALID_ARGUMENT,
    "err_bad_port": FaultKind.INVALID_ARGUMENT,
    "err_bad_memory": FaultKind.INVALID_ARGUMENT,
    "err_bad_name": FaultKind.INVALID_ARGUMENT,
    "run_exit3": FaultKind.OTHER,  # the container's own code
}

# Seen with podman 4.3.1: `start` answers 125 where `run` answers 126 or 127.
STARTING = 'unable to start container "1a80": '
OF_CREATION = "runc: runc create failed: unable to start container process: exec: "
OF_START = {
    "cannot listen on the TCP port: listen tcp4 127.0.0.1:1: bind: address already in use": FaultKind.PORT_IN_USE,
    "unable to find user nobody9: no matching entries in passwd file": FaultKind.USER_UNKNOWN,
    f'{OF_CREATION}"/bin/nosuch": stat /bin/nosuch: no such file or directory: OCI runtime attempted to invoke a '
    "command that was not found": FaultKind.COMMAND_NOT_FOUND,
    f'{OF_CREATION}"/etc/passwd": permission denied: OCI permission denied': FaultKind.COMMAND_NOT_EXECUTABLE,
}
OTHERS = {
    'no secret with name or id "nosec": no such secret': FaultKind.SECRET_MISSING,
    "renaming container 64ba: name holder already in use, cannot rename container 64ba: container already exists": (
        FaultKind.NAME_IN_USE
    ),
}


def recorded(version: str) -> dict[str, tuple[int, str]]:
    cases = json.loads((FIXTURES / version / "index.json").read_text(encoding="utf-8"))
    return {case["case"]: (case.get("exit_code") or 0, case["stderr"]) for case in cases if "stderr" in case}


@pytest.mark.parametrize("version", VERSIONS)
@pytest.mark.parametrize(("case", "kind"), RECORDED.items())
def test_what_both_versions_refuse_is_told_apart(version: str, case: str, kind: FaultKind) -> None:
    exit_code, stderr = recorded(version)[case]
    assert exit_code
    assert read_fault("do it", exit_code, stderr).kind == kind


@pytest.mark.parametrize(("words", "kind"), OF_START.items())
def test_a_start_that_fails_is_told_apart_by_its_sentence(words: str, kind: FaultKind) -> None:
    assert read_fault("do it", 125, f"Error: {STARTING}{words}\n").kind == kind


@pytest.mark.parametrize(("words", "kind"), OTHERS.items())
def test_what_else_version_4_3_refuses_is_told_apart(words: str, kind: FaultKind) -> None:
    assert read_fault("do it", 125, f"Error: {words}\n").kind == kind


@pytest.mark.parametrize(("exit_code", "kind"), [(126, FaultKind.COMMAND_NOT_EXECUTABLE), (1, FaultKind.OTHER)])
def test_the_same_sentence_means_something_else_with_another_code(exit_code: int, kind: FaultKind) -> None:
    words = 'Error: exec: "/srv/x": permission denied\n'
    assert read_fault("do it", exit_code, words).kind == kind


def test_a_fault_says_what_was_tried_why_it_failed_and_what_to_do() -> None:
    exit_code, stderr = recorded("podman-4.3.1")["pull_tag_unknown"]
    fault = read_fault("pull demo/web:v9.9.9", exit_code, stderr)
    assert fault.message.startswith("Could not pull demo/web:v9.9.9: the registry has no such image (podman: ")
    assert "manifest unknown" in fault.message
    assert fault.next_step == "Check the image's name and tag, and whether its build has pushed it"


def test_the_words_of_podman_are_cut() -> None:
    fault = read_fault("do it", 125, "Error: " + "x" * 10_000)
    assert len(fault.message) < 700
