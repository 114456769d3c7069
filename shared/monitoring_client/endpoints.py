"""Which monitoring services a process can ask, and how."""

from __future__ import annotations

import base64
from dataclasses import dataclass, fields, replace
from typing import TYPE_CHECKING, Any, TypeVar

from ci_mcp_http.addresses import is_exposed
from ci_mcp_http.tokens import bearer_header
from ci_mcp_kit.errors import InvalidInput
from ci_mcp_kit.secret_files import read_secret
from monitoring_client.service_descriptors import ALERTS, LOGS, METRICS, SERVICES, TRACES

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence
    from pathlib import Path

    from ci_mcp_http.call import Call
    from ci_mcp_kit.errors import Service
    from ci_mcp_kit.variables import Secret

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Endpoint:
    """A service at its address, and how it is asked.

    Attributes:
        username: of the user whose password the token is; "" for a bearer token.
        tenant: whose data is asked for; "" where there is only one.
    """

    service: Service
    server: str
    token: Secret | None = None
    token_file: Path | None = None
    username: str = ""
    tenant: str = ""

    def token_header(self, token: str) -> tuple[str, str]:
        """Return the header that a token is sent in."""
        if not self.username:
            return bearer_header(token)
        encoded = base64.b64encode(f"{self.username}:{token}".encode()).decode()
        return "Authorization", f"Basic {encoded}"  # RFC 7617

    def address_tenant(self, call: Call[T]) -> Call[T]:
        """Return the call with the tenant that it is for."""
        # The name of the header in Loki, Mimir and Tempo (grafana/dskit, user/http.go).
        return replace(call, headers=(*call.headers, ("x-scope-orgid", self.tenant))) if self.tenant else call

    def tokens(self) -> list[str]:
        """Return the token as set, or as its file holds it now; an empty list where there is none."""
        if self.token is not None:
            return [self.token.reveal()]
        held = read_secret(self.token_file) if self.token_file is not None else None
        return [held] if held else []


@dataclass(frozen=True, slots=True)
class Endpoints:
    """The services that are set."""

    known: tuple[Endpoint, ...] = ()

    @classmethod
    def of_values(cls, values: Mapping[str, Any]) -> Endpoints:
        """Take the services from values of `variables.VARIABLES`."""
        names = [name.name for name in fields(Endpoint) if name.name != "service"]
        found = {
            service: {name: value for name in names if (value := values.get(f"{service.name.lower()}_{name}"))}
            for service in SERVICES
        }
        return cls(tuple(Endpoint(service, **given) for service, given in found.items() if "server" in given))

    def find(self, kind: Sequence[Service]) -> Endpoint | None:
        """Return the first service of a kind that is set; None where none is."""
        by_service = {one.service: one for one in self.known}
        return next((by_service[service] for service in kind if service in by_service), None)

    def choose(self, kind: Sequence[Service]) -> Endpoint:
        """Return the first service of a kind that is set.

        Raises:
            InvalidInput: none is.
        """
        found = self.find(kind)
        if found is None:
            names, variables = (" or ".join(words) for words in zip(*((s.name, s.address) for s in kind), strict=True))
            raise InvalidInput(
                f"This server knows no {names} to ask",
                next_step=f"Have the operator of this server set {variables}",
                service=kind[0],
            )
        return found

    def warnings(self) -> Iterator[str]:
        """Yield a sentence for each setting that is probably a mistake."""
        for kind in (METRICS, ALERTS, LOGS, TRACES):
            first, *others = [one.service.address for one in self.known if one.service in kind] or [""]
            for other in others:
                yield f"{first} and {other} are both set: only {first} is asked"
        for one in self.known:
            if (one.token or one.token_file) and is_exposed(one.server):
                yield f"{one.service.address} is plain http to another machine: the token can be read on the way"
