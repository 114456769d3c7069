"""`drone-mcp-config pod`: valid, as snapshots have it, safe against what names hold, and its containers do run."""

from __future__ import annotations

import json
import re
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
import yaml
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from drone_mcp_config.agents.kubernetes_pod import PodChoices, PodVariable, agent_pod
from drone_mcp_config.agents.pushable_branches import branch_problem
from drone_mcp_config.agents.yaml_dumper import as_yaml, literal
from drone_mcp_config.cli import main as cli
from support.agent_run import SERVER
from support.kubernetes import Machine, Objects, expanded, hold_to_schema
from support.made_up_servers import DRONE_MANIFESTS, DRONES, install, manifest
from support.patience import PATIENCE
from support.snapshots import hold

if TYPE_CHECKING:
    from collections.abc import Callable

    from entrypoint.drone_mcp_config.conftest import Outcome

    Run = Callable[..., Outcome]

SNAPSHOTS = Path(__file__).parent / "snapshots"
MINIMAL = ("pod", "--role", "reader", "--repo", "octo/hello", "--branch", "x", "--session", "s-1")
DOES_ALL = """
role: mender
extends: operator
repos: ["octo/*"]
servers:
  actions: {mode: on}
external:
  gitea: {command: gitea-mcp, env: {GITEA_TOKEN: "${GITEA_TOKEN}", GITEA_HOST: "${GITEA_HOST:-gitea.example.com}"}}
agent:
  image: registry.example.com/agents/go:1.4
  setup: ["go mod download", "echo $(go version) > $HOME/version"]
"""
ROLE = "role: tiny\nexternal: {{tiny: {{command: {python}, args: [{script}]}}}}\nagent: {{setup: [{setup}]}}\n"


def pod_of(outcome: Outcome) -> dict[str, Any]:
    assert outcome.code == 0, outcome.err
    data: dict[str, Any] = yaml.safe_load(outcome.out)
    hold_to_schema(data)
    return data


SECRETS_BY_USE = """
role: signer
extends: operator
repos: ["octo/*"]
servers:
  actions: {mode: on, token: OPS_WRITER, guard: {key: OPS_SIGNER}}
external:
  forge: {command: forge-mcp, env: {FORGE_TOKEN: "${FORGE_LOGIN}", FORGE_HOST: "${FORGE_HOST}"}}
  wiki: {url: "https://wiki.example.com/mcp", headers: {Authorization: "Bearer ${WIKI_LOGIN}"}}
  chat: {command: chat-mcp, args: ["--api-key", "${CHAT_LOGIN}"]}
"""


def test_what_holds_a_secret_by_its_use_comes_from_the_secret_whatever_its_name(
    run: Run, roles_dir: Callable[..., Path]
) -> None:
    pod = pod_of(run("pod", "--role", "signer", *MINIMAL[3:], "--roles-dir", str(roles_dir(signer=SECRETS_BY_USE))))
    sources = {one["name"]: one["valueFrom"] for one in containers(pod)[-1]["env"] if "valueFrom" in one}
    in_config_map = {name for name, source in sources.items() if "configMapKeyRef" in source}
    assert in_config_map == {"GIT_SERVER", "DRONE_SERVER", "FORGE_HOST"}
    assert {"OPS_SIGNER", "FORGE_LOGIN", "WIKI_LOGIN", "CHAT_LOGIN"} <= {
        name for name, source in sources.items() if "secretKeyRef" in source
    }


def containers(pod: dict[str, Any]) -> list[dict[str, Any]]:
    return [*pod["spec"]["initContainers"], *pod["spec"]["containers"]]


def words(pod: dict[str, Any]) -> list[str]:
    return list(pod["spec"]["containers"][0]["command"])


def test_the_least_that_can_be_asked_for_is_the_pod_of_the_snapshot(run: Run) -> None:
    outcome = run(*MINIMAL)
    pod_of(outcome)
    hold(SNAPSHOTS / "pod.reader.yaml", outcome.out.replace("drone-mcp-reader:0.1.0", "drone-mcp-reader:VERSION"))
    assert "names no image for its agents" in outcome.err


def test_a_role_that_says_everything_is_the_pod_of_the_snapshot(run: Run, roles_dir: Callable[..., Path]) -> None:
    folder = str(roles_dir(mender=DOES_ALL))
    options = ("--from", "main", "--roles-config-map", "my-roles", "--secret-env", "ANTHROPIC_API_KEY", "--cpu", "4")
    outcome = run(
        "pod", "--role", "mender", *MINIMAL[3:], *options, "--roles-dir", folder, "--", "claude", "-p", "$(x)"
    )
    pod_of(outcome)
    hold(SNAPSHOTS / "pod.mender.yaml", outcome.out)
    assert outcome.err == ""


def test_the_pod_of_a_served_role_has_no_token_of_drone(run: Run) -> None:
    outcome = run(
        *MINIMAL, "--url", "http://drone-mcp-dev:8080", "--image", "agents/claude:1", "--", "claude", "-p", "go"
    )
    pod = pod_of(outcome)
    hold(SNAPSHOTS / "pod.served.yaml", outcome.out)
    assert "DRONE_TOKEN" not in outcome.out
    assert words(pod)[2:] == ["--push", "--url", "http://drone-mcp-dev:8080", "--", "claude", "-p", "go"]


def test_every_container_is_hardened(run: Run, roles_dir: Callable[..., Path]) -> None:
    folder = str(roles_dir(mender=DOES_ALL))
    pod = pod_of(run("pod", "--role", "mender", *MINIMAL[3:], "--roles-dir", folder))
    assert [container["name"] for container in containers(pod)] == ["clone", "set-up", "agent"]
    assert pod["spec"]["automountServiceAccountToken"] is False
    assert pod["spec"]["securityContext"]["runAsNonRoot"] is True
    assert pod["spec"]["securityContext"]["seccompProfile"] == {"type": "RuntimeDefault"}
    for container in containers(pod):
        assert container["securityContext"] == {
            "allowPrivilegeEscalation": False,
            "readOnlyRootFilesystem": True,
            "capabilities": {"drop": ["ALL"]},
        }
        assert set(container["resources"]) == {"requests", "limits"}


def test_what_dependencies_bring_is_set_up_without_a_secret(run: Run, roles_dir: Callable[..., Path]) -> None:
    folder = str(roles_dir(mender=DOES_ALL))
    setup = containers(pod_of(run("pod", "--role", "mender", *MINIMAL[3:], "--roles-dir", folder)))[1]
    assert [mount["name"] for mount in setup["volumeMounts"]] == ["work", "home", "tmp"]
    assert [variable["name"] for variable in setup["env"]] == ["HOME"]


def test_a_role_that_rehearses_is_given_no_token_to_write_with(run: Run) -> None:
    outcome = run("pod", "--role", "operator", *MINIMAL[3:])
    assert "DRONE_TOKEN" in outcome.out
    assert "WRITE" not in outcome.out


def test_an_optional_service_is_asked_where_the_settings_of_the_pod_have_it(
    run: Run, monkeypatch: pytest.MonkeyPatch, tmp_path: Path, roles_dir: Callable[..., Path]
) -> None:
    metrics = {"name": "Metrics", "address": "METRICS_SERVER", "token": "METRICS_TOKEN", "optional": True}
    watch = manifest("drone", "watch", ["drone_watch"], services=[DRONES, metrics])
    install(monkeypatch, tmp_path / "watched", {**DRONE_MANIFESTS, "watch": watch})
    role = ("pod", "--role", "w", *MINIMAL[3:], "--roles-dir", str(roles_dir(w="role: w\nservers: {watch: {}}\n")))
    sources = {one["name"]: one["valueFrom"] for one in containers(pod_of(run(*role)))[-1]["env"] if "valueFrom" in one}
    assert sources["METRICS_SERVER"]["configMapKeyRef"]["optional"] is True
    assert sources["METRICS_TOKEN"]["secretKeyRef"]["optional"] is True
    served = pod_of(run(*role, "--url", "http://drone-mcp-w:8080"))
    assert "METRICS_SERVER" not in {one["name"] for one in containers(served)[-1]["env"]}


def test_another_client_is_named_and_run(run: Run) -> None:
    pod = pod_of(run(*MINIMAL, "--client", "codex", "--no-push"))
    assert words(pod)[2:] == ["--client", "codex", "--", "codex"]
    assert (pod["spec"]["containers"][0]["stdin"], pod["spec"]["containers"][0]["tty"]) == (True, True)


def test_a_session_is_made_up_where_none_is_given_and_makes_another_name(run: Run) -> None:
    names = {pod_of(run(*MINIMAL[:-2]))["metadata"]["name"] for _ in range(3)}
    assert len(names) == 3


WRONG = {
    "nothing": ((), "A pod needs --role, --repo, --branch."),
    "no branch": (("--role", "reader", "--repo", "octo/hello"), "A pod needs --branch."),
    "a repository with a shell in it": (("--repo", "octo/$(reboot)"), "--repo is 'octo/$(reboot)'"),
    "a repository that leads elsewhere": (("--repo", "octo/.."), "--repo is 'octo/..'"),
    "a branch that is an option": (("--branch", "-x"), "'-x' (--branch) is no name of a branch."),
    "a base that is none": (("--from", "a b"), "'a b' (--from) is no name"),
    "a protected branch": (("--branch", "main"), "--from main"),
    "an image with a command in it": (("--image", "go:1;reboot"), "--image is 'go:1;reboot'"),
    "a secret that is no object": (("--settings", "a/b"), "--settings is 'a/b'"),
    "a variable that is none": (("--secret-env", "A=b"), "--secret-env is 'A=b'"),
    "a quantity that is none": (("--memory", "lots"), "--memory is 'lots'"),
    "a session of two lines": (("--session", "a\nb"), "printable"),
    "an address that is none": (("--url", "ftp://x"), "--url is 'ftp://x'"),
    "a client that cannot be reported": (("--client", "zed"), "Zed reads its servers from its own files only"),
    "an unknown role": (("--role", "nope"), "There is no role 'nope'."),
}


@pytest.mark.parametrize(("options", "complaint"), WRONG.values(), ids=WRONG.keys())
def test_what_is_wrong_is_reported(run: Run, options: tuple[str, ...], complaint: str) -> None:
    alone = options[:1] in {(), ("--role",)} and "nope" not in options
    outcome = run("pod", *options) if alone else run(*MINIMAL, *options)
    assert (outcome.code, outcome.out) == (2, "")
    assert complaint in outcome.err


SHARED = [HealthCheck.function_scoped_fixture]  # the clean environment, which these do not look at
PIECES = st.sampled_from([*"$()`'\";|&{}\\ \n:#-0eyn.", "$(HOME)", "$$", "é"])
NASTY = st.lists(PIECES, max_size=12).map("".join)
BRANCHES = st.text(st.sampled_from([*"aeyn01$(){}'\";|&`#-./"]), min_size=1, max_size=10).filter(
    lambda name: branch_problem(name) is None
)


@settings(max_examples=200, deadline=None, suppress_health_check=SHARED)
@given(branch=BRANCHES, session=NASTY, word=NASTY, setup=NASTY)
def test_whatever_names_hold_reaches_the_programs_as_it_is(branch: str, session: str, word: str, setup: str) -> None:
    choices = PodChoices(
        role="dev", repo="octo/hello", branch=branch, base=branch, session=session, image="i", command=("claude", word),
        interactive=False, setup=(setup,), wanted=(PodVariable("DRONE_SERVER", secret=False),),
    )  # fmt: skip
    pod = yaml.safe_load(as_yaml(agent_pod(choices)))
    clone, set_up, agent = containers(pod)
    known = {"GIT_SERVER": "https://git.test", "HOME": "/home"}
    assert [expanded(text, known) for text in clone["command"][2:]] == [
        "--single-branch", f"--branch={branch}", "--", "https://git.test/octo/hello.git", "/workspace/checkout"
    ]  # fmt: skip
    assert expanded(set_up["command"][-1], known) == setup
    assert expanded(agent["command"][-1], known) == word
    reported = {variable["name"]: variable.get("value") for variable in agent["env"]}
    assert (expanded(reported["BRANCH"], known), expanded(reported["SESSION_ID"], known)) == (branch, session)


@settings(max_examples=100, deadline=None, suppress_health_check=SHARED)
@given(repo=st.from_regex(r"[A-Za-z0-9_][A-Za-z0-9._-]{0,80}", fullmatch=True), session=NASTY)
def test_a_name_is_always_a_dns_label(repo: str, session: str) -> None:
    choices = PodChoices("dev", f"octo/{repo}", "b", "b", session, "i", ("claude",), interactive=False)
    assert re.fullmatch(r"[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?", choices.name)


@settings(suppress_health_check=SHARED)
@given(text=st.text())
def test_text_is_left_as_it_is_by_kubernetes(text: str) -> None:
    assert expanded(literal(text), {"HOME": "/home"}) == text


@pytest.mark.parametrize("word", ["1e3", "0x1f", "on", "y", "null", "~", "1.0", "12:30:45", "2026-01-01", "=", "a: b"])
def test_words_that_some_readers_take_for_something_else_are_quoted(word: str) -> None:
    assert as_yaml({"key": word}) == f'key: "{word}"\n'


@pytest.mark.skipif(sys.platform != "linux", reason="containers")
def test_the_containers_run_one_after_the_other_and_the_work_is_pushed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    script = tmp_path / "server.py"
    script.write_text(SERVER, encoding="utf-8")
    role = ROLE.format(python=sys.executable, script=script, setup="'echo $HOME >prepared', 'test -f prepared'")
    (tmp_path / "roles").mkdir()
    (tmp_path / "roles" / "tiny.yaml").write_text(role, encoding="utf-8")
    remote = tmp_path / "octo" / "hello.git"
    for command in (
        ["init", "--quiet", "--bare", "--initial-branch", "main", str(remote)],
        ["clone", "--quiet", str(remote), str(tmp_path / "first")],
        ["-C", str(tmp_path / "first"), "-c", "user.name=S", "-c", "user.email=s@example.com",
         "commit", "--quiet", "--allow-empty", "-m", "first"],
        ["-C", str(tmp_path / "first"), "push", "--quiet", "origin", "HEAD:main"],
    ):  # fmt: skip
        subprocess.run(["git", *command], check=True, capture_output=True)
    options = ["--role", "tiny", "--repo", "octo/hello", "--branch", "agent/$(x)", "--from", "main", "--session", "s-9"]
    roles = ["--roles-dir", str(tmp_path / "roles"), "--roles-config-map", "roles"]
    agent = 'test -s "$DRONE_MCP_CONFIG" && cat prepared && git credential fill'
    monkeypatch.setattr(sys, "argv", ["drone-mcp-config", "pod", *options, *roles, "--", "sh", "-c", agent])
    with pytest.raises(SystemExit) as ended:
        cli.main()
    assert ended.value.code == 0
    pod = yaml.safe_load(capsys.readouterr().out)
    objects = Objects(
        {"drone-mcp-agent": {"GIT_SERVER": f"file://{tmp_path}", "DRONE_SERVER": "http://127.0.0.1:1"},
         "roles": {"tiny.yaml": role}},
        {"drone-mcp-agent": {"GIT_TOKEN": "the-token-of-git"}},
    )  # fmt: skip
    machine = Machine(tmp_path / "pod", objects)
    machine.mount(pod["spec"])
    said = ""
    for container in containers(pod):
        done = subprocess.run(
            machine.command(container), env=machine.variables(container), cwd=machine.folder(container),
            input=f"url=file://{tmp_path}\n\n", capture_output=True, text=True, timeout=PATIENCE, check=False,
        )  # fmt: skip
        assert done.returncode == 0, f"{container['name']}: {done.stderr}"
        said += done.stdout
    assert str(tmp_path / "pod" / "home") in said  # the set-up's work is there
    assert "username=agent\npassword=the-token-of-git\n" in said
    show = ["git", "-C", str(remote), "ls-tree", "--name-only", "agent/$(x)"]
    assert subprocess.run(show, capture_output=True, text=True, check=True).stdout == "prepared\n"
    assert json.dumps(pod).count("the-token-of-git") == 0
