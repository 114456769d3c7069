from __future__ import annotations

import pytest

from ci_mcp_kit.errors import ServiceError
from drone_mcp_client import errors
from drone_mcp_client.errors import DRONE

CATCHABLE: list[type[ServiceError]] = [
    member
    for name in errors.__all__
    if isinstance(member := getattr(errors, name), type) and issubclass(member, ServiceError)
]


def test_default_next_steps_name_the_variables_of_drone() -> None:
    steps = {error.__name__: error("It broke", service=DRONE).next_step for error in CATCHABLE}
    assert steps["AuthenticationFailed"] == (
        "Set DRONE_TOKEN to the token on the account page of the Drone user interface, then start the server again"
    )
    assert steps["Unreachable"].startswith("Check DRONE_SERVER and the network")
    assert steps["UnexpectedAnswer"].startswith("Check that DRONE_SERVER is the address of Drone itself")
    assert steps["ServiceFailed"] == "Look at the Drone server's own log"


@pytest.mark.parametrize(
    ("error", "step"), [(errors.NotFound, "of the builds"), (errors.Conflict, "Read the build again")]
)
def test_what_is_missing_or_changed_is_a_build_or_a_repository(error: type[ServiceError], step: str) -> None:
    assert step in error("It is so").next_step
    assert error("It is so").service is DRONE


def test_a_fault_of_drone_has_its_code() -> None:
    assert errors.ServiceFailed("It broke", service=DRONE).code == "DRONE_ERROR"
    assert errors.UnexpectedAnswer("It broke", service=DRONE).code == "DRONE_ERROR"
