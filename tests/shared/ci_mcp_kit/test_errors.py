from __future__ import annotations

import inspect
import re

import pytest

from ci_mcp_kit import errors
from ci_mcp_kit.errors import ServiceError

FAMILY = [member for _, member in inspect.getmembers(errors, inspect.isclass) if issubclass(member, Exception)]


def test_every_error_hangs_from_the_base() -> None:
    assert [error for error in FAMILY if not issubclass(error, ServiceError)] == []


@pytest.mark.parametrize("error", FAMILY, ids=lambda error: error.__name__)
def test_every_error_stands_in_the_tree_with_its_code_and_says_what_to_do(error: type[ServiceError]) -> None:
    tree = inspect.getdoc(errors) or ""
    if error is not ServiceError:
        assert re.search(rf"─ {error.__name__} +{error('It broke').code} ", tree)
    made = error("It broke")
    assert str(made) == made.message == "It broke"
    assert made.next_step[0].isupper()
    assert "{" not in made.next_step
    assert (made.status, made.details) == (None, {})


def test_an_error_takes_what_is_known_better_than_its_default() -> None:
    error = errors.Conflict("moved", next_step="Wait {x}", retryable=False, status=409, details={"repo": "octo/hello"})
    assert (error.next_step, error.retryable, error.status) == ("Wait {x}", False, 409)
    assert error.details == {"repo": "octo/hello"}


def test_an_error_names_the_variables_of_its_service_and_a_fault_has_its_code() -> None:
    jenkins = errors.Service(name="Jenkins", code="JENKINS_ERROR", address="JENKINS_URL", max_body="JENKINS_MAX_BODY")
    unreachable = errors.Unreachable("It broke", service=jenkins)
    assert unreachable.next_step.startswith("Check JENKINS_URL and the network")
    assert unreachable.code == "NETWORK_ERROR"
    large = errors.AnswerTooLarge("It is large", service=jenkins)
    assert (large.code, large.next_step) == ("JENKINS_ERROR", "Ask for less, or raise JENKINS_MAX_BODY")
