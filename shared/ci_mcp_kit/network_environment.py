"""Reads how to reach other machines from the environment: proxies, and files for TLS. Standard library only, pure.

Libraries read these variables by rules of their own. httpx (0.28.1, `httpx/_utils.py`) cannot be used at all with
`NO_PROXY=::1/128`, and it asks a proxy for this very machine. So they are read and checked here, as our own are, and no
client of ours reads any (`ci_mcp_kit.http_client_factory`).
"""

from __future__ import annotations

import os
import re
from urllib.parse import urlsplit

from ci_mcp_kit.variables import SettingsError

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping
    from typing import Any

_SCHEMES = ("http", "https", "all", "no")
# What a resolver takes for an address of this machine, in addition to what `ipaddress` reads.
_THIS_MACHINE = re.compile(r"(?:.+\.)?localhost\.?|127(?:\.\d+){0,3}|0(?:\.0){0,3}")


def environment_proxies(environment: Mapping[str, str]) -> dict[str, str]:
    """Return the proxy of each scheme, and under "no" the hosts without one, as `urllib.request.getproxies` does.

    The spelling in small letters wins. A CGI script gets a header of its caller as HTTP_PROXY (https://httpoxy.org).
    """
    found = {}
    for scheme in _SCHEMES:
        small, large = f"{scheme}_proxy", f"{scheme}_proxy".upper()
        is_header = scheme == "http" and "REQUEST_METHOD" in environment
        text = environment.get(small, "" if is_header else environment.get(large, "")).strip()
        if text:
            found[scheme] = text
    return found


def proxy_for(address: str, proxies: Mapping[str, str]) -> str | None:
    """Return the proxy on the way to `address`; None where there is none. No proxy leads back to this machine."""
    url = urlsplit(address)
    proxy = proxies.get(url.scheme) or proxies.get("all")
    if not proxy or is_loopback(address):
        return None
    host, port = (url.hostname or "").lower().rstrip("."), url.port
    exempt = re.split(r"[\s,]+", proxies.get("no", "").lower())
    # An entry that is neither a name nor an address is ignored, as by curl.
    if any(_matches(entry, host, port) for entry in exempt if entry):
        return None
    return proxy if "://" in proxy else f"http://{proxy}"


def is_loopback(address: str) -> bool:
    """Return whether an address is on this machine (`localhost` and names below it: RFC 6761, section 6.3)."""
    from ipaddress import IPv6Address, ip_address  # noqa: PLC0415 - only who connects needs it

    host = urlsplit(address).hostname or ""
    try:
        found = ip_address(host.partition("%")[0])
    except ValueError:
        return bool(_THIS_MACHINE.fullmatch(host))
    inner = found.ipv4_mapped if isinstance(found, IPv6Address) else None
    return any(each.is_loopback or each.is_unspecified for each in (found, inner) if each is not None)


def check_network(address: str, environment: Mapping[str, str]) -> None:
    """Check the variables that matter on the way to `address`.

    Raises:
        SettingsError: a value cannot be used.
    """
    proxies = environment_proxies(environment)
    proxy = proxy_for(address, proxies)
    if proxy is not None and not _is_proxy(proxy):
        scheme = urlsplit(address).scheme
        name = f"{scheme if scheme in proxies else 'all'}_proxy"
        name = name if environment.get(name, "").strip() else name.upper()
        raise SettingsError(  # not shown: it may hold a password
            f"{name} has a value that cannot be right: it takes the address of an HTTP proxy, like "
            "http://proxy.example.com:3128; NO_PROXY names what is reached without it",
            name,
        )
    if address.startswith("https:"):
        file, folders = environment.get("SSL_CERT_FILE"), environment.get("SSL_CERT_DIR")
        if file and not os.path.isfile(file):  # noqa: PTH113 - pathlib would take a tenth of the start
            raise SettingsError("SSL_CERT_FILE names a file that is not there: it takes a PEM file", "SSL_CERT_FILE")
        if not file and folders and not any(map(os.path.isdir, folders.split(os.pathsep))):
            raise SettingsError("SSL_CERT_DIR names a folder that is not there", "SSL_CERT_DIR")


def _is_proxy(text: str) -> bool:
    try:
        url = urlsplit(text)
        port = url.port
    except ValueError:  # of a port or an IPv6 address that is none
        return False
    is_plain = text.isascii() and text.isprintable() and " " not in text
    return is_plain and url.scheme in {"http", "https"} and bool(url.hostname) and port != 0


def _matches(entry: str, host: str, port: int | None) -> bool:
    if entry == "*":
        return True
    network = _network(entry)
    if network is not None:
        return _is_in(host, network)
    found = re.fullmatch(r"(?:\w+://)?(?:\*?\.)?(\[[^\]]*\]|[^:/\[\]]+)\.?(?::(\d+))?/?", entry)
    if found is None or (found[2] and int(found[2]) != port):
        return False
    name = found[1].strip("[]")
    network = _network(name)
    return _is_in(host, network) if network else host == name or host.endswith(f".{name}")


def _network(text: str) -> Any:
    from ipaddress import ip_network  # noqa: PLC0415 - only who has a proxy needs it

    try:
        return ip_network(text.strip("[]"), strict=False)
    except ValueError:
        return None


def _is_in(host: str, network: Any) -> bool:
    from ipaddress import ip_address  # noqa: PLC0415 - likewise

    try:
        return ip_address(host.partition("%")[0]) in network
    except ValueError:  # a name
        return False
