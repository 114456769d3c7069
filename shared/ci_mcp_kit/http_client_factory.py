"""Makes every HTTP client of this product: with one rule for proxies and TLS."""

from __future__ import annotations

import os
import ssl
import sys
from typing import TYPE_CHECKING, Any

import httpx

from ci_mcp_kit.network_environment import check_network, environment_proxies, proxy_for
from ci_mcp_kit.variables import SettingsError

if TYPE_CHECKING:
    from pathlib import Path


def http_client(
    address: str, *, ca_file: str | Path | None = None, skip_verify: bool = False, **options: Any
) -> httpx.AsyncClient:
    """Return a client for requests to `address`. It reads no variables of the environment by itself.

    Args:
        address: where the requests go; a client serves one host.
        ca_file: authorities to trust in addition to the public ones.
        skip_verify: whether to accept any certificate.
        options: of `httpx.AsyncClient`.

    Raises:
        OSError: a proxy or a file of certificate authorities cannot be used; its text is for the user.
    """
    try:
        check_network(address, os.environ)
    except SettingsError as error:
        raise OSError(str(error)) from None
    # A transport of the caller's own connects by itself.
    proxy = None if options.get("transport") else proxy_for(address, _proxies())
    trust = _trust(address, ca_file)
    if skip_verify:
        trust.check_hostname = False
        trust.verify_mode = ssl.CERT_NONE
    return httpx.AsyncClient(trust_env=False, proxy=proxy, verify=trust, **options)


def _proxies() -> dict[str, str]:
    if sys.platform in {"win32", "darwin"}:  # which have settings for all programs
        from urllib.request import getproxies  # noqa: PLC0415 - slow to import

        return getproxies()
    return environment_proxies(os.environ)


def _trust(address: str, ca_file: str | Path | None) -> ssl.SSLContext:
    """Return a context that trusts the public authorities, or those of SSL_CERT_FILE or SSL_CERT_DIR, and `ca_file`.

    For plain http it is empty: nothing uses it, and loading the authorities takes longer than a request.
    """
    is_plain = not address.startswith("https:")
    file = "of SSL_CERT_FILE"
    try:
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT) if is_plain else httpx.create_ssl_context()
        if ca_file is not None:
            file = repr(str(ca_file))
            context.load_verify_locations(cafile=str(ca_file))
    except OSError:  # ssl.SSLError is one
        raise OSError(f"The file of certificate authorities {file} cannot be used: it takes a PEM file") from None
    return context
