"""The images, as far as they can be checked without building one; scripts/check-image builds and runs them."""

from __future__ import annotations

import json
import re
import tomllib
from pathlib import Path

import pytest

from standalone import needed

pytestmark = pytest.mark.checkout

ROOT = Path(__file__).parents[2]
TEXT = (ROOT / "docker" / "Dockerfile").read_text(encoding="utf-8")
RUNNING = ("role", "webhooks", "simulator")


def stages() -> dict[str, list[str]]:
    """Return each stage's instructions, with continued lines joined and comments left out."""
    found: dict[str, list[str]] = {"": []}
    name = ""
    code = "\n".join(line for line in TEXT.splitlines() if not line.startswith("#"))
    for line in filter(None, (line.strip() for line in code.replace("\\\n", " ").splitlines())):
        if line.startswith("FROM "):
            name = line.split()[-1]
            found[name] = []
        found[name].append(line)
    return found


STAGES = stages()


def value(stage: str, instruction: str) -> str:
    (line,) = [line for line in STAGES[stage] if line.startswith(f"{instruction} ")]
    return line.removeprefix(f"{instruction} ")


def test_a_build_that_names_no_target_makes_the_image_of_a_role() -> None:
    assert list(STAGES)[-1] == "role"
    assert value("role", "ARG") == "ROLE="


def test_every_base_is_an_argument_another_stage_or_nothing() -> None:
    for name, lines in STAGES.items():
        if name:
            base = lines[0].split()[1]
            assert base in {"scratch", "${PYTHON_IMAGE}", "${AGENT_IMAGE}"} or base in STAGES, name


@pytest.mark.parametrize("stage", RUNNING)
def test_what_runs_stands_on_nothing_but_what_was_copied_in(stage: str) -> None:
    lines = STAGES[stage] + STAGES["image"]
    assert lines[0] == f"FROM image AS {stage}"
    assert not [line for line in lines if line.startswith(("RUN", "ADD"))]
    assert STAGES["image"][0] == "FROM scratch AS image"


def test_they_run_as_a_user_by_number() -> None:
    assert value("image", "USER") == "10001:10001"
    assert not [line for stage in RUNNING for line in STAGES[stage] if line.startswith("USER")]


@pytest.mark.parametrize("stage", RUNNING)
def test_each_has_a_health_check_a_port_and_a_command_that_need_no_shell(stage: str) -> None:
    check = json.loads(value(stage, "HEALTHCHECK").partition("CMD ")[2])
    port = value(stage, "EXPOSE")
    assert check[-2] == port
    assert json.loads(value(stage, "CMD"))[0] == "serve"
    assert f"0.0.0.0:{port}" in json.loads(value(stage, "CMD"))
    assert json.loads(value(stage, "ENTRYPOINT"))[0].startswith("drone-mcp-")


def test_the_labels_tell_the_version_and_the_licence_of_the_project() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    assert f"ARG VERSION={project['version']}" in STAGES["image"]
    labels = value("image", "LABEL")
    assert f'licenses="{project["license"]}"' in labels
    assert f'description="{project["description"]}"' in labels


def test_nothing_is_installed_but_by_its_hash() -> None:
    installs = re.findall(r"(?:pip install|standalone\.py /)[^&\n]*", "\n".join(STAGES["python"]))
    assert len(installs) == 2
    assert all("--require-hashes" in command for command in installs)
    assert "--no-index --no-deps" in "\n".join(STAGES["product"])


def test_no_argument_of_the_build_reaches_an_image() -> None:
    arguments = {line for stage in (*RUNNING, "image", "agent") for line in STAGES[stage] if line.startswith("ARG")}
    assert arguments == {"ARG ROLE=", "ARG VERSION=0.1.0", "ARG REVISION="}


def test_the_build_sees_what_it_copies_and_no_more() -> None:
    ignored = (ROOT / ".dockerignore").read_text(encoding="utf-8").splitlines()
    assert ignored[0] == "*"
    given = {line[1:] for line in ignored if line.startswith("!")}
    copied = {word for lines in STAGES.values() for line in lines for word in line.split()[1:-1]
              if line.startswith("COPY") and "--from" not in line}  # fmt: skip
    assert all(any(f"{path}/".startswith(f"{folder}/") for folder in given) for path in copied)
    assert not [folder for folder in given if not any(path.startswith(folder) for path in copied)]


def test_what_ldd_says_is_read() -> None:
    said = """\
        linux-vdso.so.1 (0x00007ffe)
        libm.so.6 => /lib/x86_64-linux-gnu/libm.so.6 (0x00007f01)
        /lib64/ld-linux-x86-64.so.2 (0x00007f02)
    """
    assert needed(said) == {
        "ld-linux-x86-64.so.2": Path("/lib64/ld-linux-x86-64.so.2"),
        "libm.so.6": Path("/lib/x86_64-linux-gnu/libm.so.6"),
    }
    assert needed("\tstatically linked\n") == {}
    with pytest.raises(LookupError, match=r"libssl\.so\.3"):
        needed("\tlibssl.so.3 => not found\n")
