"""The Kubernetes pod of an agent as data: clone, set-up, agent (Kubernetes API reference, core/v1, Pod). Pure.

Secrets are referred to, never held. Text from a user is an argument or a variable, never part of a shell script.
"""

from __future__ import annotations

import hashlib
import re
from dataclasses import dataclass
from typing import Any

from drone_mcp_config.agents.yaml_dumper import literal

Data = dict[str, Any]

USER = 10_001  # as in the images of docker/Dockerfile
# Not /workspace itself: git refuses a folder of another owner (git-config(1), safe.directory).
CHECKOUT = "/workspace/checkout"
HOME = "/home/agent"
TOKENS = "/run/secrets/drone-mcp"
GIT_TOKENS = "/run/secrets/git"
ROLES = "/etc/drone-mcp/roles"
GRACE_SECONDS = 300  # after SIGTERM, for the agent to end and its work to be pushed (`delivery.PUSH_SECONDS`)

# A git credential helper, see gitcredentials(7): `get` answers with the file's only line, `store` and `erase` do
# nothing.
CREDENTIALS = (
    f'!f() {{ test "$1" = get || return 0; IFS= read -r token <{GIT_TOKENS}/GIT_TOKEN; '
    "printf 'username=agent\\npassword=%s\\n' \"$token\"; }; f"
)
SETUP_SECONDS = 1800  # for all commands of the set-up together
EACH_IN_A_SHELL = 'for command do /bin/sh -c "$command" || exit; done'

RESTRICTED: Data = {
    "allowPrivilegeEscalation": False,
    "readOnlyRootFilesystem": True,
    "capabilities": {"drop": ["ALL"]},
}
SMALL: Data = {"requests": {"cpu": "100m", "memory": "256Mi"}, "limits": {"cpu": "1", "memory": "1Gi"}}


@dataclass(frozen=True)
class PodVariable:
    """A variable of the agent's container, taken from the Secret or the ConfigMap under its own name."""

    name: str
    secret: bool
    optional: bool = False


@dataclass(frozen=True)
class PodChoices:
    """The options of a pod, all of them checked.

    Attributes:
        base: the branch to start from.
        tokens: variables with tokens that the servers read, each from a file.
        wanted: its other variables.
        command: the agent's; the pod is `interactive` where the user gave none.
        repo_variables: the variables from which servers read the repository.
        settings: the Secret that has the tokens, and the ConfigMap that has the addresses.
        roles: the ConfigMap with role files; None: they are in the image.
        options: further words for `drone-mcp-config agent`.
    """

    role: str
    repo: str
    branch: str
    base: str
    session: str
    image: str
    command: tuple[str, ...]
    interactive: bool
    options: tuple[str, ...] = ()
    setup: tuple[str, ...] = ()
    tokens: tuple[str, ...] = ()
    wanted: tuple[PodVariable, ...] = ()
    repo_variables: tuple[str, ...] = ()
    settings: str = "drone-mcp-agent"
    roles: str | None = None
    cpu: str = "2"
    memory: str = "4Gi"

    @property
    def name(self) -> str:
        """A DNS label (RFC 1123) that no other repository, branch or session has."""
        tail = hashlib.sha256(f"{self.repo}\0{self.branch}\0{self.session}".encode()).hexdigest()[:10]
        # A label has at most 63 characters: 52, a dash, and 10 of the hash.
        words = re.sub(r"[^a-z0-9]+", "-", f"agent-{self.role}-{self.repo.partition('/')[2]}".lower())
        return f"{words[:52].strip('-')}-{tail}"


def agent_pod(choices: PodChoices) -> Data:
    """Return the pod."""
    setup = [_set_up(choices)] if choices.setup else []
    return {
        "apiVersion": "v1",
        "kind": "Pod",
        "metadata": _metadata(choices),
        "spec": {
            # A second run would find a work tree that the first one has changed.
            "restartPolicy": "Never",
            "automountServiceAccountToken": False,
            # Variables named after the Services of the namespace (DRONE_SERVICE_HOST ...) are no settings of ours.
            "enableServiceLinks": False,
            "terminationGracePeriodSeconds": GRACE_SECONDS,
            "securityContext": {
                "runAsNonRoot": True,
                "runAsUser": USER,
                "runAsGroup": USER,
                # So that USER can write to the volumes, and read Secrets of mode 0440.
                "fsGroup": USER,
                "seccompProfile": {"type": "RuntimeDefault"},
            },
            "initContainers": [_clone(choices), *setup],
            "containers": [_agent(choices)],
            "volumes": _volumes(choices),
        },
    }


def _metadata(choices: PodChoices) -> Data:
    return {
        "name": choices.name,
        "labels": {
            "app.kubernetes.io/name": "drone-mcp-agent",
            "app.kubernetes.io/instance": choices.name,
            "app.kubernetes.io/component": "agent",
            "app.kubernetes.io/part-of": "drone-mcp",
            "drone-mcp/role": choices.role,
        },
        "annotations": {
            "drone-mcp/repo": choices.repo,
            "drone-mcp/branch": choices.branch,
            "drone-mcp/session": choices.session,
        },
    }


def _clone(choices: PodChoices) -> Data:
    source = f"$(GIT_SERVER)/{literal(choices.repo)}.git"
    branch = f"--branch={literal(choices.base)}"
    command = ["git", "clone", "--single-branch", branch, "--", source, CHECKOUT]
    return _container("clone", choices, command, env=_git_variables(choices), mounts=[_git_mount()], place="/workspace")


def _set_up(choices: PodChoices) -> Data:
    """Run the role's commands without any secret: they execute code of the repository's dependencies."""
    commands = [literal(command) for command in choices.setup]
    bounded = ["timeout", "-k", "2", str(SETUP_SECONDS), "/bin/sh", "-c", literal(EACH_IN_A_SHELL), "set-up"]
    setup = _container("set-up", choices, [*bounded, *commands])
    return {**setup, "resources": _most(choices)}


def _agent(choices: PodChoices) -> Data:
    given = [literal(word) for word in (*choices.options, "--", *choices.command)]
    mounts = [_git_mount()]
    if choices.tokens:
        mounts.append(_mount("drone-tokens", TOKENS, read_only=True))
    if choices.roles:
        mounts.append(_mount("roles", ROLES, read_only=True))
    about = {
        "AGENT_ROLE": choices.role,
        **dict.fromkeys(choices.repo_variables, choices.repo),
        "SESSION_ID": choices.session,
        "BRANCH": choices.branch,
    }
    env = [
        *(_value(name, literal(value)) for name, value in about.items()),
        {"name": "POD_NAME", "valueFrom": {"fieldRef": {"fieldPath": "metadata.name"}}},
        *_git_variables(choices),
        *(_given(choices, wanted) for wanted in choices.wanted),
        *(_value(f"{name}_FILE", f"{TOKENS}/{name}") for name in choices.tokens),
    ]
    agent = _container("agent", choices, ["drone-mcp-config", "agent", *given], env=env, mounts=mounts)
    attached = {"stdin": True, "tty": True} if choices.interactive else {}
    return {**agent, "resources": _most(choices), **attached}


def _most(choices: PodChoices) -> Data:
    limits = {"cpu": choices.cpu, "memory": choices.memory}
    return {"requests": {"cpu": "250m", "memory": "512Mi"}, "limits": limits}


def _container(
    name: str,
    choices: PodChoices,
    command: list[str],
    *,
    env: list[Data] | None = None,
    mounts: list[Data] | None = None,
    place: str = CHECKOUT,
) -> Data:
    scratch = [_mount("work", "/workspace"), _mount("home", HOME), _mount("tmp", "/tmp")]  # noqa: S108 - in the container
    return {
        "name": name,
        "image": choices.image,
        "command": command,
        "workingDir": place,
        "env": [_value("HOME", HOME), *(env or [])],
        "resources": SMALL,
        "securityContext": RESTRICTED,
        "volumeMounts": [*scratch, *(mounts or [])],
    }


def _git_variables(choices: PodChoices) -> list[Data]:
    """Have git use the token in the file for this one server, and for no other."""
    return [
        # First: `$(GIT_SERVER)` is only expanded below it (Kubernetes API reference, core/v1, EnvVar).
        _given(choices, PodVariable("GIT_SERVER", secret=False)),
        _value("GIT_TERMINAL_PROMPT", "0"),
        _value("GIT_CONFIG_COUNT", "1"),
        _value("GIT_CONFIG_KEY_0", "credential.$(GIT_SERVER).helper"),
        _value("GIT_CONFIG_VALUE_0", literal(CREDENTIALS)),
    ]


def _given(choices: PodChoices, wanted: PodVariable) -> Data:
    kind = "secretKeyRef" if wanted.secret else "configMapKeyRef"
    reference = {"name": choices.settings, "key": wanted.name, **({"optional": True} if wanted.optional else {})}
    return {"name": wanted.name, "valueFrom": {kind: reference}}


def _value(name: str, value: str) -> Data:
    return {"name": name, "value": value}


def _mount(name: str, path: str, *, read_only: bool = False) -> Data:
    return {"name": name, "mountPath": path, **({"readOnly": True} if read_only else {})}


def _git_mount() -> Data:
    return _mount("git-token", GIT_TOKENS, read_only=True)


def _volumes(choices: PodChoices) -> list[Data]:
    scratch = {"work": "20Gi", "home": "5Gi", "tmp": "2Gi"}
    found: list[Data] = [{"name": name, "emptyDir": {"sizeLimit": size}} for name, size in scratch.items()]
    found.append(_secret_files("git-token", choices.settings, ["GIT_TOKEN"]))
    if choices.tokens:
        found.append(_secret_files("drone-tokens", choices.settings, choices.tokens))
    if choices.roles:
        found.append({"name": "roles", "configMap": {"name": choices.roles}})
    return found


def _secret_files(name: str, secret: str, keys: list[str] | tuple[str, ...]) -> Data:
    items = [{"key": key, "path": key} for key in keys]
    return {"name": name, "secret": {"secretName": secret, "defaultMode": 0o440, "items": items}}
