from __future__ import annotations

import inspect

import pytest

from ci_mcp_kit import errors as family
from drone_mcp_client import errors
from drone_mcp_client.errors import DRONE, ServiceError

OURS: list[type[ServiceError]] = [
    member
    for _, member in inspect.getmembers(errors, inspect.isclass)
    if issubclass(member, ServiceError) and member.__module__ == errors.__name__
]


@pytest.mark.parametrize("error", OURS, ids=lambda error: error.__name__)
def test_every_error_of_drone_says_so_and_is_one_of_the_family(error: type[ServiceError]) -> None:
    assert error.service is DRONE
    kin = [base for base in error.__mro__ if issubclass(base, ServiceError) and base.__module__ == family.__name__]
    assert error.code in {"DRONE_ERROR", kin[0].code}
    assert ServiceError in kin


def test_what_would_be_wrong_without_the_name_of_a_variable_names_drones() -> None:
    steps = {error.__name__: error("It broke").next_step for error in OURS}
    assert steps["AuthenticationFailed"] == (
        "Set DRONE_TOKEN to the token on the account page of the Drone user interface, then start the server again"
    )
    assert steps["Unreachable"].startswith("Check DRONE_SERVER and the network")
    assert steps["UnexpectedAnswer"].startswith("Check that DRONE_SERVER is the address of Drone itself")
    assert steps["DroneFailed"] == "Look at the Drone server's own log"


def test_every_fault_of_drone_itself_has_its_code() -> None:
    assert {error.code for error in OURS if issubclass(error, family.ServiceFailed)} == {"DRONE_ERROR"}
