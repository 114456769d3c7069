"""The environment variables of a service. Standard library only, as in `ci_mcp_kit.variables`.

A domain builds its table from these, with names of its own.
"""

from __future__ import annotations

from urllib.parse import urlsplit

from ci_mcp_kit.network_environment import check_network
from ci_mcp_kit.variables import (
    SettingsError,
    Variable,
    read_file,
    read_number,
    read_size,
    read_token,
    read_variables,
    read_whole,
    show,
)

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping
    from typing import Any


def server(name: str, service: str, token: str, *, with_path: bool = False) -> Variable:
    """Return the variable of a service's address.

    Args:
        name: of the variable.
        service: for people.
        token: the variable that says who asks.
        with_path: whether the service may be served below a path.
    """

    def parse(text: str) -> str:
        # A frequent mistake. Plain http is proposed for this machine alone, as a token would travel in clear.
        if "://" not in text:
            host = text.strip("/").rpartition("@")[2]
            raise ValueError(f"did you mean {'http' if _is_local(host) else 'https'}://{show(host)}")
        if "@" in text:
            raise ValueError(f"without a user or password; {token} says who asks")
        try:
            url = urlsplit(text)
            _ = url.port
        except ValueError:
            # Without the library's text, which quotes what it could not read.
            raise ValueError("its host or port cannot be right") from None
        if url.scheme not in {"http", "https"} or not url.hostname:
            raise ValueError
        # People copy the address of a page, and the API is not below it.
        if url.query or url.fragment or (url.path.strip("/") and not with_path):
            beyond = "a query or a fragment" if with_path else "a path"
            path = url.path.rstrip("/") if with_path else ""
            raise ValueError(f"without {beyond}; did you mean {url.scheme}://{url.netloc}{path}")
        return f"{url.scheme}://{url.netloc}{url.path.rstrip('/')}"

    return Variable(name, "server", f"the address of {service}, like https://{service.lower()}.example.com", parse)


def _is_local(host: str) -> bool:
    from ipaddress import ip_address  # noqa: PLC0415 - only an error needs it

    name = host.partition(":")[0]
    try:
        return ip_address(name).is_loopback
    except ValueError:
        return name == "localhost"


def token(name: str, takes: str) -> tuple[Variable, Variable]:
    """Return the variables of the token: NAME, and NAME_FILE with the path of a file that holds it."""
    return (
        Variable(name, "token", takes, read_token, secret=True),
        Variable(f"{name}_FILE", "token_file", "the path of a file that holds the token", read_file),
    )


def connection(prefix: str) -> tuple[Variable, ...]:
    """Return the variables for the limits of a client and for its authorities; their names begin with `prefix`."""
    return (
        Variable(f"{prefix}TIMEOUT", "timeout", "seconds from 1 to 600", read_number(1, 600), "30"),
        Variable(f"{prefix}RETRIES", "retries", "a number from 0 to 10", read_whole(0, 10), "2"),
        Variable(f"{prefix}MAX_BODY", "max_body", "a size from 64K to 4G, like 64M", read_size, "64M"),
        Variable(f"{prefix}CA_FILE", "ca_file", "the path of a PEM file of certificate authorities", read_file),
    )


def read_service(variables: Iterable[Variable], environment: Mapping[str, str]) -> dict[str, Any]:
    """Return field -> value of a table with one service, checked together.

    Raises:
        SettingsError: a value is wrong, the address is missing, the token is given twice, or a proxy or a file for
            TLS cannot be used.
    """
    table = {variable.field: variable for variable in variables}
    values = read_variables(table.values(), environment)
    if "server" not in values:
        address = table["server"]
        raise SettingsError(f"{address.name} is not set: it takes {address.takes}", address.name)
    if "token" in values and "token_file" in values:
        name = table["token"].name
        raise SettingsError(f"{name} and {name}_FILE are both set: keep one of them", name)
    check_network(values["server"], environment)
    return values
