"""The table of the support page: versions, read where the tests pin them, and the tests that use them."""

from __future__ import annotations

import json
import re
from pathlib import Path

from pages.markdown import table
from support.kubernetes import RELEASES

ROOT = Path(__file__).parents[2]
TESTS = ROOT / "tests"
RECORDED = "its recorded answers, compared with the simulator's"
PROCESS = "a real process"


def support_table() -> str:
    """Write a row for each system."""
    rows = [
        ["Drone", _recorded("drone"), RECORDED, "tests/contract/test_recorded_session.py"],
        ["Gitea", _recorded("gitea"), RECORDED, "tests/shared/gitea_simulator/test_captures.py"],
        ["Forgejo", _recorded("forgejo"), "its recorded answers", "tests/shared/forge_client/gitea/test_client.py"],
        ["Jenkins", _recorded("jenkins"), RECORDED, "tests/servers/jenkins_mcp_simulator/test_captures.py"],
        ["Coder", _recorded("coder"), RECORDED, "tests/servers/coder_simulator/test_captures.py"],
        ["Redis", "Debian's", PROCESS, "tests/shared/drone_mcp_state/test_redis.py"],
        ["Prometheus, Alertmanager", "Debian's", PROCESS, "tests/servers/drone_mcp_observe/incident/test_incident.py"],
        [
            "VictoriaLogs",
            _built("victorialogs"),
            PROCESS,
            "tests/servers/drone_mcp_observe/system/test_log_patterns.py",
        ],
        ["Jaeger", _built("jaeger"), PROCESS, "tests/servers/drone_mcp_observe/system/test_trace_summaries.py"],
        ["Kubernetes", ", ".join(RELEASES), "the schemas of these releases", "tests/docker/test_k8s.py"],
        ["MCP", ", ".join(_protocols()), "the official conformance runner", "tests/acceptance/test_conformance.py"],
        *([name, version, "whole turns, offline", "tests/clients/test_whole_turns.py"] for name, version in _clients()),
        ["Chromium", "Debian's", "the status page in it", "tests/acceptance/test_status_page.py"],
    ]
    cells = [[system, version, how, f"`{test}`"] for system, version, how, test in rows]
    return table(["system", "tested version", "tested with", "test"], cells)


def _recorded(system: str) -> str:
    (folder,) = (TESTS / "fixtures").glob(f"{system}-*")
    return folder.name.removeprefix(f"{system}-")


def _built(program: str) -> str:
    text = (ROOT / "scripts" / "monitoring-services").read_text(encoding="utf-8")
    (version,) = re.findall(rf"^{program}=v(\S+)$", text, re.MULTILINE)
    return str(version)


def _protocols() -> list[str]:
    return sorted(path.stem for path in (TESTS / "conformance").glob("*.yaml"))


def _clients() -> list[tuple[str, str]]:
    package = json.loads((TESTS / "clients" / "package.json").read_text(encoding="utf-8"))
    names = {
        "@anthropic-ai/claude-code": "Claude Code",
        "@google/gemini-cli": "Gemini CLI",
        "@openai/codex": "Codex",
        "opencode-linux-x64-baseline": "OpenCode",
    }
    pinned = package["dependencies"] | package["optionalDependencies"]
    return [(names[name], version) for name, version in pinned.items()]
