"""Reads the address of a service strictly, and decides whether a token is safe on its way there. Pure."""

from __future__ import annotations

from typing import TYPE_CHECKING
from urllib.parse import SplitResult, urlsplit

from ci_mcp_http.call import quote_input
from ci_mcp_kit.errors import InvalidInput
from ci_mcp_kit.network_environment import is_loopback

if TYPE_CHECKING:
    from ci_mcp_kit.errors import Service


def parse_server(text: str, service: Service) -> str:
    """Read the address of a service and return it without a slash at its end.

    Raises:
        InvalidInput: it is no http(s) address, or holds more than one (a password, a query).
    """
    text = text.strip()
    if "://" not in text:
        raise InvalidInput(
            f"{service.address} is {quote_input(text)}, which is not an address",
            next_step=f"Write it with its scheme, like {_example(service)}",
            service=service,
        )
    address = split_address(text, service)
    if address.query or address.fragment or "@" in address.netloc:
        raise InvalidInput(
            f"{service.address} holds more than an address",
            next_step=f"Leave out user, password, query and fragment; the token belongs in {service.token}",
            service=service,
        )
    return origin(address) + address.path.rstrip("/")


def split_address(text: str, service: Service) -> SplitResult:
    """Take an http(s) address apart.

    Raises:
        InvalidInput: it is none.
    """
    try:
        address = urlsplit(text)
        is_plain = text.isprintable() and " " not in text
        # Port 0 stands for any free port where one listens, and nobody can connect to it.
        if address.scheme in {"http", "https"} and address.hostname and address.port != 0 and is_plain:
            return address
    except ValueError:  # of urlsplit, and of a port that is no number
        pass
    # Not quoted: what is no address may hold anything, a password included.
    raise InvalidInput("That is not an http or https address", next_step=f"Give one like {_example(service)}")


def origin(address: SplitResult) -> str:
    """Return scheme, host and port of an address, without a user."""
    # In lower case, as the case of a host has no meaning (RFC 3986, section 3.2.2).
    host = address.netloc.rpartition("@")[2].lower()
    return f"{address.scheme}://{host}"


def is_exposed(server: str) -> bool:
    """Return whether a token would travel in clear over a network: plain http to another machine."""
    return urlsplit(server).scheme == "http" and not is_loopback(server)


def _example(service: Service) -> str:
    return f"https://{service.name.lower()}.example.com"
