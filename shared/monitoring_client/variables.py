"""The variables of the monitoring services. Standard library only, as `ci_mcp_kit.variables`."""

from __future__ import annotations

from ci_mcp_http import variables as service
from ci_mcp_kit.network_environment import check_network
from ci_mcp_kit.variables import SettingsError, Variable, read_file, read_token, read_variables

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping
    from typing import Any

NAMES = ("Prometheus", "Alertmanager", "Loki", "VictoriaLogs", "Jaeger", "Tempo")
"""Of the services, in upper case the beginning of their variables."""

WITH_TENANTS = ("Prometheus", "Alertmanager", "Loki", "Tempo")
"""Those that keep the data of several tenants apart, themselves or as parts of Grafana Mimir."""


def _read_username(text: str) -> str:
    if ":" in text:  # would end the name (RFC 7617, section 2)
        raise ValueError("without a colon")
    return _read_header(text)


def _read_header(text: str) -> str:
    if not text.isascii() or not text.isprintable():
        raise ValueError
    return text


def _variables_of(name: str) -> tuple[Variable, ...]:
    prefix, field = name.upper(), name.lower()
    server = service.server(f"{prefix}_SERVER", name, f"{prefix}_TOKEN", with_path=True)
    tenant = Variable(f"{prefix}_TENANT", f"{field}_tenant", f"the tenant of {name} to ask for", _read_header)
    return (
        Variable(server.name, f"{field}_server", server.takes, server.parse),
        Variable(f"{prefix}_TOKEN", f"{field}_token", f"a token or password for {name}", read_token, secret=True),
        Variable(f"{prefix}_TOKEN_FILE", f"{field}_token_file", "the path of a file that holds the token", read_file),
        Variable(f"{prefix}_USERNAME", f"{field}_username", "the user whose password the token is", _read_username),
        *((tenant,) if name in WITH_TENANTS else ()),
    )


VARIABLES = tuple(variable for name in NAMES for variable in _variables_of(name))


def read_monitoring(environment: Mapping[str, str]) -> dict[str, Any]:
    """Return field -> value of `VARIABLES`, checked together.

    Raises:
        SettingsError: a value is wrong, or a token is given twice.
    """
    values = read_variables(VARIABLES, environment)
    for name in NAMES:
        prefix, field = name.upper(), name.lower()
        if f"{field}_token" in values and f"{field}_token_file" in values:
            variable = f"{prefix}_TOKEN"
            raise SettingsError(f"{variable} and {variable}_FILE are both set: keep one of them", variable)
        if f"{field}_server" in values:
            check_network(values[f"{field}_server"], environment)
    return values
