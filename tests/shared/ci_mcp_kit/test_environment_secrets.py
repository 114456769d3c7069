"""Secrets in the variables of a process are found, for any reader of those variables."""

from __future__ import annotations

import string
from urllib.parse import quote

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ci_mcp_kit.environment_secrets import secrets_in
from ci_mcp_kit.variables import Secret

SECRET = "Zt7Wm3Kc5Rb9Xv"


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("DRONE_TOKEN", SECRET),
        ("DRONE_MCP_ACTION_KEY", SECRET),
        ("DRONE_MCP_WEBHOOK_SECRET", f"{SECRET}, another-one"),
        ("GITHUB_TOKEN", SECRET),
        ("AWS_SECRET_ACCESS_KEY", SECRET),
        ("PGPASSWORD", SECRET),
        ("NPM_PASSPHRASE", SECRET),
        ("HTTPS_PROXY", f"http://me:{SECRET}@proxy:3128"),
        ("https_proxy", f"http://me:{SECRET}@proxy:3128"),
        ("ALL_PROXY", f"socks5://me:{SECRET}@proxy:3128"),
        ("DRONE_MCP_STATE", f"redis://:{SECRET}@redis/0"),
        ("DRONE_MCP_STATE", f"redis://:{SECRET}/more@redis/0"),
        ("DRONE_MCP_STATE", f"redis://:more/{SECRET}@redis/0"),
        ("DRONE_MCP_STATE", f"redis://redis/0?password={SECRET}"),
        ("DRONE_MCP_STATE", f"redis+sentinel://u:{SECRET}@one,two/service"),
        ("DRONE_MCP_AUDIT_LOG", f"https://me:{SECRET}@collector.test/audit"),
        ("OTEL_EXPORTER_OTLP_ENDPOINT", f"https://me:{SECRET}@collector.test"),
        ("OTEL_EXPORTER_OTLP_HEADERS", f"api-key={SECRET},x=y"),
        ("OTEL_EXPORTER_OTLP_TRACES_HEADERS", f"Authorization=Bearer%20{SECRET}"),
        ("OTEL_EXPORTER_OTLP_ENDPOINT", f"http://me:{SECRET}"),
        ("OTEL_EXPORTER_OTLP_ENDPOINT", f"http://collector.test:{SECRET}/v1"),
        ("SENTRY_DSN", f"https://{SECRET}0123456789@sentry.test/1"),
        ("ANYTHING", f"see https://me:{SECRET}@host/ for more"),
    ],
)
def test_a_secret_is_found_in_whatever_variable_and_address(name: str, text: str) -> None:
    assert any(SECRET in secret.reveal() for secret in secrets_in({name: text}))


@given(st.text(string.printable.replace(" ", ""), min_size=6, max_size=40).filter(str.isprintable))
def test_an_escaped_password_of_an_address_is_found_in_both_spellings(password: str) -> None:
    escaped = quote(password, safe="")
    assert {Secret(password), Secret(escaped)} <= set(
        secrets_in({"DRONE_MCP_STATE": f"redis://:{escaped}@redis:6379/0"})
    )


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("PATH", "/usr/bin:/bin"),
        ("PWD", "/home/me/project"),
        ("OLDPWD", "/home/me"),
        ("DRONE_TOKEN_FILE", "/etc/drone/token"),
        ("DRONE_SERVER", "https://drone.example.com"),
        ("DRONE_MCP_STATE", "redis://redis.internal:6379/0"),
        ("HTTPS_PROXY", "http://proxy.example.com:3128"),
        ("GIT_REMOTE", "ssh://git@git.example.com/octo/hello"),
        ("KEYBOARD", "de-latin1-nodeadkeys"),
        ("SSH_AUTH_SOCK", "/run/ssh-abc/agent.1"),
        ("MAX_TOKENS_PER_CALL", "128000"),
    ],
)
def test_what_is_no_secret_stays_readable(name: str, text: str) -> None:
    assert secrets_in({name: text}) == ()
