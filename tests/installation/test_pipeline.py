"""The pipeline that releases a tag is valid for Drone, and its commands hand on the tag and the secrets."""

from __future__ import annotations

import os
import re
import subprocess
from pathlib import Path
from typing import Any

import pytest
import yaml

from installation.conftest import PATIENCE
from releasing.packages import TOOLS

pytestmark = pytest.mark.checkout

ROOT = Path(__file__).parents[2]
PIPELINE = ROOT / ".drone.yml"
SECRETS = {"IMAGES": "registry.example.com/team", "REGISTRY_USERNAME": "pusher", "REGISTRY_PASSWORD": "a-secret"}
TAG = {"DRONE_TAG": "v0.1.0", "DRONE_REPO": "octo/drone-mcp"}


def steps() -> dict[str, dict[str, Any]]:
    pipeline = yaml.safe_load(PIPELINE.read_text(encoding="utf-8"))
    return {step["name"]: step for step in pipeline["steps"]}


def check_schema(pipeline: Path) -> subprocess.CompletedProcess[str]:
    """Check a pipeline with the schema of Drone's pipelines that check-jsonschema brings."""
    subprocess.run([ROOT / "scripts" / "release", "--help"], check=True, capture_output=True)  # installs the tool
    command = [str(TOOLS / "check-jsonschema"), "--builtin-schema", "vendor.drone-ci"]
    return subprocess.run([*command, pipeline], capture_output=True, text=True, check=False, timeout=PATIENCE)


def test_the_pipeline_is_valid_for_drone() -> None:
    done = check_schema(PIPELINE)
    assert (done.returncode, done.stdout.strip()) == (0, "ok -- validation done")


def test_the_schema_refuses_a_pipeline_with_a_misspelt_step(tmp_path: Path) -> None:
    wrong = tmp_path / ".drone.yml"
    wrong.write_text(PIPELINE.read_text(encoding="utf-8").replace("commands:", "comands:"), encoding="utf-8")
    assert check_schema(wrong).returncode == 1


def test_the_steps_of_a_release_test_before_they_publish() -> None:
    assert list(steps()) == ["check", "release", "assets"]
    assert steps()["check"]["commands"][-1] == ".ci/run"


def test_the_page_names_every_secret_of_the_pipeline() -> None:
    page = (ROOT / "docs" / "releasing.md").read_text(encoding="utf-8")
    wanted = set(re.findall(r"from_secret: (\w+)", PIPELINE.read_text(encoding="utf-8")))
    assert wanted == set(re.findall(r"^\| `([a-z_]+)` \|", page, re.MULTILINE))


def test_the_commands_release_the_version_of_the_tag_and_keep_the_password_out_of_arguments(tmp_path: Path) -> None:
    folder = tmp_path / "scripts"
    folder.mkdir()
    for name, reads in {"buildah": 'echo "read $(cat)"', "release": ""}.items():
        program = folder / name
        program.write_text(f'#!/bin/sh\necho {name} "$@"\n{reads}\n', encoding="utf-8")
        program.chmod(0o755)
    commands = [command for command in steps()["release"]["commands"] if not command.startswith("apt-get ")]
    environment = {**SECRETS, **TAG, "PATH": f"{folder}:{os.environ['PATH']}"}
    # As Drone does: https://docs.drone.io/pipeline/environment/substitution
    script = "\n".join(commands).replace("$$", "$")
    done = subprocess.run(
        ["sh", "-ec", script], cwd=tmp_path, env=environment, capture_output=True, text=True, check=True, timeout=100
    )
    assert done.stdout.splitlines() == [
        "buildah login --username pusher --password-stdin registry.example.com",
        "read a-secret",
        "release 0.1.0 --repository octo/drone-mcp --images registry.example.com/team --publish",
    ]
