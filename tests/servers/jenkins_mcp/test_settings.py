"""A process reads the address of its Jenkins from variables, or from a file with one or several."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ci_mcp_kit.variables import SettingsError
from jenkins_mcp.settings import JenkinsSettings
from jenkins_mcp.variables import read_duration

if TYPE_CHECKING:
    from pathlib import Path

URL = "https://ci.example.com/jenkins"
USER = {"JENKINS_USERNAME": "dev", "JENKINS_API_TOKEN": "11aa22bb33"}
SEVERAL = """\
jenkins:
  - {name: main, url: https://ci.example.com, username: dev, apiToken: 11aa22bb33, jobs: [team/**]}
  - {name: mobile, url: https://mobile.example.com, timeout: 1m}
"""


def write(folder: Path, text: str, mode: int = 0o600) -> str:
    file = folder / "jenkins.yaml"
    file.write_text(text, encoding="utf-8")
    file.chmod(mode)
    return str(file)


def read(**environment: str) -> tuple[Any, ...]:
    return JenkinsSettings.from_environment(environment).instances


def fault(**environment: str) -> SettingsError:
    with pytest.raises(SettingsError) as caught:
        JenkinsSettings.from_environment(environment)
    assert "\n" not in str(caught.value)
    return caught.value


def test_variables_describe_one_jenkins_with_its_path() -> None:
    (one,) = read(
        **USER,
        JENKINS_URL=f"{URL}/",
        JENKINS_TIMEOUT="2m",
        JENKINS_RETRY_BACKOFF="250ms",
        JENKINS_TLS_SKIP_VERIFY="true",
        JENKINS_JOBS="team/** !team/deploy/**",
    )
    assert (one.server, one.timeout, one.backoff, one.skip_verify) == (URL, 120.0, 0.25, True)
    assert one.jobs == ("team/**", "!team/deploy/**")


@pytest.mark.parametrize(
    ("variable", "text", "said"),
    [
        ("JENKINS_URL", "ci.example.com", "did you mean https://ci.example.com"),
        ("JENKINS_URL", "https://dev:secret@ci.example.com", "JENKINS_USERNAME says who asks"),
        ("JENKINS_URL", f"{URL}?x=1", f"did you mean {URL}"),
        ("JENKINS_URL", "ftp://ci.example.com", "it takes the address of Jenkins"),
        ("JENKINS_TIMEOUT", "soon", "a duration from 1s to 10m"),
        ("JENKINS_TIMEOUT", "0", "a duration from 1s to 10m"),
        ("JENKINS_MAX_RETRIES", "-1", "a number from 0 to 10"),
        ("JENKINS_RETRY_BACKOFF", "1h", "a duration from 10ms to 1m"),
        ("JENKINS_TLS_SKIP_VERIFY", "yes", "true to accept any certificate, or false"),
        ("JENKINS_CA_CERT", "/there/is/none.pem", "there is no such file"),
        ("JENKINS_JOBS", "team//x", "has an empty part"),
        ("JENKINS_JOBS", "team/a**", "has to be a part of its own"),
        ("JENKINS_USERNAME", "a:b", "without a colon"),
        ("JENKINS_PASSWORD", "x", "JENKINS_API_TOKEN and JENKINS_PASSWORD are both set"),
    ],
)
def test_a_value_that_cannot_be_right_is_named_on_one_line(variable: str, text: str, said: str) -> None:
    error = fault(**{"JENKINS_URL": URL, **USER, variable: text})
    assert said in str(error)
    assert variable in str(error)
    assert "secret" not in str(error)


def test_without_an_address_or_the_user_of_a_token_nothing_starts() -> None:
    assert fault(**USER).variable == "JENKINS_URL"
    error = fault(JENKINS_URL=URL, JENKINS_API_TOKEN="11aa22bb33")
    assert error.variable == "JENKINS_USERNAME"
    assert "JENKINS_API_TOKEN" in str(error)
    (one,) = read(JENKINS_URL=URL, JENKINS_API_TOKEN="dev:11aa22bb33")
    assert one.client_options().token_header("dev:11aa22bb33") == ("Authorization", "Basic ZGV2OjExYWEyMmJiMzM=")


def test_everything_that_a_request_shows_of_a_secret_is_redacted(tmp_path: Path) -> None:
    file = tmp_path / "password"
    file.write_text("p:w\n", encoding="utf-8")
    by_token = JenkinsSettings.from_environment({"JENKINS_URL": URL, "JENKINS_API_TOKEN": "dev:11aa22bb33"})
    by_password = JenkinsSettings.from_environment(
        {"JENKINS_URL": URL, "JENKINS_USERNAME": "dev", "JENKINS_PASSWORD_FILE": str(file)}
    )
    assert {"dev:11aa22bb33", "11aa22bb33", "ZGV2OjExYWEyMmJiMzM="} <= {*by_token.secrets()}
    assert {"p:w", "ZGV2OnA6dw=="} <= {*by_password.secrets()}
    assert "11aa22bb33" not in repr(by_token)


def test_an_unverified_certificate_is_warned_of_loudly() -> None:
    quiet = JenkinsSettings.from_environment({"JENKINS_URL": URL, **USER})
    loud = JenkinsSettings.from_environment({"JENKINS_URL": URL, **USER, "JENKINS_TLS_SKIP_VERIFY": "true"})
    assert quiet.warnings() == []
    assert ["is not verified" in warning for warning in loud.warnings()] == [True]
    assert loud.instances[0].client_options().skip_verify


def test_a_file_describes_one_jenkins_and_the_environment_goes_first(tmp_path: Path) -> None:
    text = (
        "jenkins:\n  url: https://old.example.com\n  username: dev\n  password: 'p w'\n  timeout: 45s\n"
        "  jobs: [team/**, '!team/deploy/**']\n  tls: {skipVerify: false}\n  retry: {maxAttempts: 4, backoff: 1s}\n"
    )
    file = write(tmp_path, text)
    (of_file,) = read(JENKINS_CONFIG=file)
    assert (of_file.server, of_file.timeout, of_file.retries, of_file.backoff) == ("https://old.example.com", 45, 3, 1)
    assert of_file.password.reveal() == "p w"
    (both,) = read(JENKINS_CONFIG=file, JENKINS_URL=URL, JENKINS_API_TOKEN="11aa22bb33", JENKINS_TIMEOUT="5s")
    assert (both.server, both.username, both.timeout, both.retries) == (URL, "dev", 5, 3)
    assert (both.token.reveal(), both.password) == ("11aa22bb33", None)


def test_a_file_may_name_several(tmp_path: Path) -> None:
    main, mobile = read(JENKINS_CONFIG=write(tmp_path, SEVERAL), JENKINS_MAX_RETRIES="0")
    assert [(one.name, one.timeout, one.retries) for one in (main, mobile)] == [("main", 30, 0), ("mobile", 60, 0)]
    error = fault(JENKINS_CONFIG=write(tmp_path, SEVERAL), JENKINS_API_TOKEN="11aa22bb33")
    assert error.variable == "JENKINS_API_TOKEN"
    assert "several Jenkins" in str(error)


@pytest.mark.skipif(os.name == "nt", reason="files have no such modes there")
@pytest.mark.parametrize("mode", [0o644, 0o640, 0o604])
def test_a_secret_in_a_file_that_others_may_read_is_refused(tmp_path: Path, mode: int) -> None:
    error = fault(JENKINS_CONFIG=write(tmp_path, SEVERAL, mode))
    assert f"mode {mode:04o}" in str(error)
    assert "chmod 600" in str(error)
    assert "11aa22bb33" not in str(error)
    assert read(JENKINS_CONFIG=write(tmp_path, f"jenkins: {{url: '{URL}'}}\n", mode))


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("jenkins: {url: ci.example.com}", ":1: jenkins.url is 'ci.example.com'"),
        (
            "jenkins:\n  url: https://a.example.com\n  timeout: soon",
            ":3: jenkins.timeout is 'soon': it takes a duration",
        ),
        ("jenkins:\n  url: https://a.example.com\n  retry: {maxAttempts: 0}", "a number from 1 to 11"),
        ("jenkins:\n  url: https://a.example.com\n  retry: 3", "retry takes keys of its own"),
        ("jenkins:\n  url: https://a.example.com\n  timout: 3s", "there is no key timout"),
        ("jenkins:\n  url: https://a.example.com\n  apiToken: abc", "jenkins.username is not set"),
        ("jenkins:\n  username: dev", "jenkins.url is not set"),
        ("jenkins: {url: {}}", "jenkins.url takes"),
        ("jenkins: []", "a list of 1 to 20"),
        ("jenkins:\n  - {url: https://a.example.com}", "has a name of its own"),
        ("jenkins:\n  - {name: a, url: https://a.example.com}\n  - {name: a, url: https://b.example.com}", ":3: each"),
        ("other: {}", "one key, jenkins"),
        ("", "the file is empty"),
        ("jenkins: [", "this is not YAML"),
    ],
)
def test_a_mistake_in_the_file_is_named_with_its_line(tmp_path: Path, text: str, said: str) -> None:
    error = fault(JENKINS_CONFIG=write(tmp_path, text))
    assert said in str(error)
    assert error.variable == "JENKINS_CONFIG"


@given(st.integers(1, 600_000))
def test_a_duration_means_the_same_in_every_unit(millis: int) -> None:
    read_any = read_duration(0, 10_000)
    assert read_any(f"{millis}ms") == pytest.approx(read_any(f"{millis / 1000:.3f}s"))
    assert read_any(f"{millis / 1000:.3f}") == pytest.approx(read_any(f"{millis / 1000:.3f}s"))
    assert read_any(f"{millis}m" if millis < 100 else "1m") == (millis * 60 if millis < 100 else 60)


@pytest.mark.parametrize(("folder", "said"), [("artifacts", "begin at the root"), (__file__, "that is no folder")])
def test_artifacts_are_saved_in_an_absolute_folder_only(folder: str, said: str) -> None:
    error = fault(JENKINS_URL=URL, JENKINS_ARTIFACTS_DIR=folder)
    assert (error.variable, said in str(error)) == ("JENKINS_ARTIFACTS_DIR", True)
