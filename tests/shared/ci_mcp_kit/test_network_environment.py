"""Proxies and TLS files of the environment: which proxy is asked, and that every client of ours keeps the rule."""

from __future__ import annotations

import ast
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ci_mcp_kit.http_client_factory import http_client
from ci_mcp_kit.network_environment import check_network, environment_proxies, is_loopback, proxy_for
from ci_mcp_kit.variables import SettingsError

ROOT = Path(__file__).parents[3]
PROXY = "http://proxy.example.com:3128"
FAR = "https://ci.example.com"
THIS_MACHINE = [
    "http://127.0.0.1:8080",
    "http://127.8.8.8",
    "http://127.1",
    "http://[::1]:8080",
    "http://[::ffff:127.0.0.1]",
    "http://0.0.0.0:80",
    "http://localhost",
    "http://LOCALHOST.:80",
    "http://ci.localhost",
]


@pytest.mark.parametrize("address", THIS_MACHINE)
def test_no_proxy_leads_back_to_this_machine(address: str) -> None:
    assert is_loopback(address)
    assert proxy_for(address, {"http": PROXY, "all": PROXY}) is None


@pytest.mark.parametrize("address", ["http://127.example.com", "http://10.0.0.1", "http://localhost.example.com"])
def test_another_machine_is_reached_through_the_proxy(address: str) -> None:
    assert not is_loopback(address)
    assert proxy_for(address, {"http": PROXY}) == PROXY


@pytest.mark.parametrize(
    ("hosts", "address"),
    [
        ("*", FAR),
        ("ci.example.com", FAR),
        ("other.test , CI.EXAMPLE.COM", FAR),
        ("example.com", FAR),
        (".example.com", FAR),
        ("*.example.com", FAR),
        ("ci.example.com:443", "https://ci.example.com:443"),
        ("https://ci.example.com", FAR),
        ("10.0.0.0/8", "https://10.1.2.3"),
        ("10.1.2.3", "https://10.1.2.3:8443"),
        ("fd00::/8", "https://[fd00::5]"),
        ("[fd00::5]", "https://[fd00::5]"),
        ("fd00::5", "https://[fd00::5]:8443"),
    ],
)
def test_no_proxy_names_hosts_in_all_the_ways_that_programs_take(hosts: str, address: str) -> None:
    assert proxy_for(address, {"https": PROXY, "no": hosts}) is None


@pytest.mark.parametrize(
    "hosts",
    ["::1/128", "[::1]", "127.0.0.0/8", "le.com", "ci.example.com:1", "10.0.0.0/99", "[", "://", "%", ":::/5", ","],
)
def test_what_no_proxy_names_besides_changes_nothing(hosts: str) -> None:
    assert proxy_for(FAR, {"https": PROXY, "no": hosts}) == PROXY


VARIABLES = ["http_proxy", "HTTP_PROXY", "https_proxy", "HTTPS_PROXY", "all_proxy", "ALL_PROXY", "no_proxy", "NO_PROXY"]
SHAPES = st.one_of(
    st.text(alphabet="abz019.:/[]@%*-, \u00e9\n", max_size=20),
    st.sampled_from([PROXY, "proxy:3128", "::1/128", "socks5://x:1", "http://[::1", "http://x:99999", "http://u:p@x"]),
)


@given(st.dictionaries(st.sampled_from(VARIABLES), SHAPES), st.sampled_from([FAR, *THIS_MACHINE, "http://ci.test:80"]))
def test_whatever_is_set_is_used_or_named_before_a_client_is_made(environment: dict[str, str], address: str) -> None:
    with pytest.MonkeyPatch.context() as patch:
        for name in VARIABLES:
            patch.delenv(name, raising=False)
        for name, value in environment.items():
            patch.setenv(name, value)
        try:
            check_network(address, environment)
        except SettingsError as error:
            blamed = error.variable
        else:
            blamed = ""
        if blamed:
            assert blamed in environment
            with pytest.raises(OSError, match=blamed):
                http_client(address)
        else:
            http_client(address)


def test_a_wrong_proxy_is_named_and_not_shown() -> None:
    with pytest.raises(SettingsError, match="HTTPS_PROXY") as caught:
        check_network(FAR, {"HTTPS_PROXY": "socks5://user:hunter2@proxy:1080"})
    assert "hunter2" not in str(caught.value)


@pytest.mark.parametrize("name", ["SSL_CERT_FILE", "SSL_CERT_DIR"])
def test_a_missing_file_of_authorities_is_named_where_it_matters(name: str) -> None:
    with pytest.raises(SettingsError, match=name):
        check_network(FAR, {name: "/no/such"})
    check_network("http://ci.example.com", {name: "/no/such"})


def test_a_header_of_a_caller_is_no_proxy() -> None:
    assert environment_proxies({"REQUEST_METHOD": "GET", "HTTP_PROXY": PROXY}) == {}


@pytest.mark.checkout
def test_every_client_is_made_in_one_place_or_reads_no_environment() -> None:
    found = []
    for layer in ("shared", "servers", "entrypoint"):
        for path in sorted((ROOT / layer).rglob("*.py")):
            calls = [
                node for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))) if isinstance(node, ast.Call)
            ]
            found += [f"{path.relative_to(ROOT)}: {ast.unparse(call)}" for call in calls if reads_environment(call)]
    assert [place for place in found if "ci_mcp_kit/http_client_factory.py" not in place] == []


def reads_environment(call: ast.Call) -> bool:
    """Return whether a call makes an HTTP client that looks for proxies or TLS files by itself."""
    name = ast.unparse(call.func)
    if name in {"urllib.request.urlopen", "urlopen", "httpx.create_ssl_context", "ssl.create_default_context"}:
        return True
    if name.startswith("requests.") and name != "requests.Session":
        return True
    if name.rpartition(".")[2] not in {"AsyncClient", "Client", "AsyncHTTPTransport"} or "httpx" not in name:
        return False
    return not any(keyword.arg == "trust_env" and ast.unparse(keyword.value) == "False" for keyword in call.keywords)
