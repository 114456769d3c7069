"""A server is started without the optional ones of its services; where they are set, it asks them."""

from __future__ import annotations

import sys
from dataclasses import replace
from typing import Any

from drone_mcp_config.installation.reading import read_installation
from drone_mcp_config.plan.making import PlanContext, make_plan
from drone_mcp_config.plan.model import RemoteServer, StdioServer
from drone_mcp_config.plan.token_variables import secret_variables
from drone_mcp_config.roles.library import role_library
from drone_mcp_config.roles.loading import Role, load_role, narrow_role
from drone_mcp_config.serving.servers import hosted_servers

MONITORING = {"PROMETHEUS_SERVER": "https://metrics.test", "PROMETHEUS_TOKEN": "t0ken-of-prometheus"}
DRONE = {"DRONE_SERVER": "https://drone.test", "DRONE_TOKEN": "t0ken-of-drone"}


def ops() -> Role:
    return narrow_role(load_role("ops", role_library(None), read_installation()), read_installation(), DRONE)


def planned(role: Role, **context: Any) -> Any:
    plan = make_plan(role, read_installation(), PlanContext(sys.executable, **context))
    return next(server for server in plan.servers if server.name == "drone-observe")


def hosted(**environment: str) -> Any:
    servers = hosted_servers(ops(), read_installation(), DRONE | environment)
    return next(server for server in servers if server.name == "observe")


def test_a_client_is_given_no_reference_to_a_variable_that_may_not_be_set() -> None:
    server = planned(ops())
    assert isinstance(server, StdioServer)
    references = {reference.name for text in server.templates for reference in text.references}
    assert references == {"DRONE_SERVER", "DRONE_TOKEN"}
    assert {"PROMETHEUS_SERVER", "PROMETHEUS_TOKEN", "PROMETHEUS_TOKEN_FILE", "LOKI_SERVER"} <= set(server.inherits)


def test_an_address_that_has_to_be_in_writing_is_written() -> None:
    server = planned(ops(), addresses={"PROMETHEUS_SERVER": "https://metrics.test"})
    assert server.env["PROMETHEUS_SERVER"].fill({}) == "https://metrics.test"
    assert "LOKI_SERVER" not in server.env


def test_a_role_that_is_limited_to_repositories_does_without_services_that_know_no_repositories() -> None:
    server = planned(replace(ops(), repos=("octo/*",)))
    assert server.env["DRONE_MCP_REPOS"].fill({}) == "octo/*"
    addresses = [service.address for service in read_installation()["observe"].services if service.optional]
    assert [server.env[address].fill(MONITORING) for address in addresses] == [""] * len(addresses)


def test_tokens_of_optional_services_are_secrets_all_the_same() -> None:
    assert "PROMETHEUS_TOKEN" in secret_variables(ops(), read_installation())


def test_a_served_role_asks_the_services_that_are_set_with_its_own_tokens() -> None:
    server = hosted(**MONITORING)
    assert MONITORING.items() <= server.environment.items()
    assert MONITORING["PROMETHEUS_TOKEN"] in server.secrets()


def test_a_caller_with_a_token_of_their_own_sends_none_for_them_and_is_lent_none() -> None:
    remote = planned(ops(), served="https://agents.test", own_token=True)
    assert isinstance(remote, RemoteServer)
    assert remote.token_headers == ("Drone-Token",)
    own = hosted(**MONITORING).owned_by({"DRONE_TOKEN": "t0ken-of-the-caller"})
    assert own.environment["DRONE_TOKEN"] == "t0ken-of-the-caller"
    assert own.environment["PROMETHEUS_SERVER"] == "https://metrics.test"
    assert "PROMETHEUS_TOKEN" not in own.environment
