from __future__ import annotations

import inspect
import re

import pytest

from drone_mcp_client import errors
from drone_mcp_client.errors import DroneError

FAMILY = [member for _, member in inspect.getmembers(errors, inspect.isclass) if issubclass(member, Exception)]


def test_every_error_hangs_from_the_base() -> None:
    assert [error for error in FAMILY if not issubclass(error, DroneError)] == []


@pytest.mark.parametrize("error", FAMILY, ids=lambda error: error.__name__)
def test_every_error_stands_in_the_tree_with_its_code_and_says_what_to_do(error: type[DroneError]) -> None:
    tree = inspect.getdoc(errors) or ""
    if error is not DroneError:
        assert re.search(rf"─ {error.__name__} +{error.code} ", tree)
    made = error("It broke")
    assert str(made) == made.message == "It broke"
    assert made.next_step[0].isupper()
    assert (made.status, made.details) == (None, {})


def test_an_error_takes_what_is_known_better_than_its_default() -> None:
    error = errors.Conflict("moved", next_step="Wait", retryable=False, status=409, details={"repo": "octo/hello"})
    assert (error.next_step, error.retryable, error.status) == ("Wait", False, 409)
    assert error.details == {"repo": "octo/hello"}
