"""Which services are set, and how each is asked."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from ci_mcp_kit.errors import InvalidInput
from ci_mcp_kit.variables import SettingsError
from monitoring_client import loki
from monitoring_client.endpoints import Endpoints
from monitoring_client.service_descriptors import LOGS, METRICS, SERVICES
from monitoring_client.variables import VARIABLES, read_monitoring

if TYPE_CHECKING:
    from pathlib import Path


def endpoints(**environment: str) -> Endpoints:
    return Endpoints.of_values(read_monitoring(environment))


def test_the_variables_are_those_that_the_services_name() -> None:
    names = [variable.name for variable in VARIABLES]
    assert {name for one in SERVICES for name in (one.address, one.token, one.token_file)} <= set(names)
    assert len({variable.field for variable in VARIABLES}) == len(names)


def test_a_service_without_an_address_is_not_there_whatever_else_is_set() -> None:
    assert endpoints(LOKI_TOKEN="t0ken", TEMPO_SERVER="").known == ()


def test_of_two_services_of_a_kind_the_first_is_asked_and_a_warning_says_so() -> None:
    both = endpoints(VICTORIALOGS_SERVER="https://victoria.test", LOKI_SERVER="https://loki.test/loki")
    assert both.choose(LOGS).server == "https://loki.test/loki"
    assert list(both.warnings()) == ["LOKI_SERVER and VICTORIALOGS_SERVER are both set: only LOKI_SERVER is asked"]


def test_a_kind_of_which_none_is_set_is_refused_with_what_to_set() -> None:
    with pytest.raises(InvalidInput, match="knows no Prometheus to ask") as caught:
        endpoints().choose(METRICS)
    assert caught.value.next_step.endswith("set PROMETHEUS_SERVER")
    assert endpoints().find(METRICS) is None


def test_a_token_over_plain_http_to_another_machine_is_warned_of() -> None:
    exposed = endpoints(LOKI_SERVER="http://loki.test", LOKI_TOKEN="t0ken")
    assert [*exposed.warnings()] == ["LOKI_SERVER is plain http to another machine: the token can be read on the way"]
    assert [*endpoints(LOKI_SERVER="http://127.0.0.1:3100", LOKI_TOKEN="t0ken").warnings()] == []


def test_a_token_is_a_bearer_token_or_the_password_of_a_user() -> None:
    (bearer,) = endpoints(LOKI_SERVER="https://loki.test", LOKI_TOKEN="t0ken").known
    assert bearer.token_header("t0ken") == ("Authorization", "Bearer t0ken")
    (basic,) = endpoints(LOKI_SERVER="https://loki.test", LOKI_TOKEN="t0ken", LOKI_USERNAME="ada").known
    assert basic.token_header("t0ken") == ("Authorization", "Basic YWRhOnQwa2Vu")


def test_a_tenant_goes_with_every_call() -> None:
    (one,) = endpoints(LOKI_SERVER="https://loki.test", LOKI_TENANT="shop").known
    call = loki.search("{}", 0.0, 1.0, 10)
    assert dict(one.address_tenant(call).headers) == {"accept": "application/json", "x-scope-orgid": "shop"}
    assert endpoints(LOKI_SERVER="https://loki.test").known[0].address_tenant(call) == call


def test_the_token_of_a_file_is_read_each_time(tmp_path: Path) -> None:
    file = tmp_path / "token"
    file.write_text("first\n", encoding="utf-8")
    (one,) = endpoints(LOKI_SERVER="https://loki.test", LOKI_TOKEN_FILE=str(file)).known
    assert one.tokens() == ["first"]
    file.write_text("second\n", encoding="utf-8")
    assert one.tokens() == ["second"]


@pytest.mark.parametrize(
    ("environment", "told"),
    [
        ({"LOKI_SERVER": "loki.test"}, "did you mean https://loki.test"),
        ({"LOKI_SERVER": "https://me:pw@loki.test"}, "without a user or password; LOKI_TOKEN says who asks"),
        ({"LOKI_SERVER": "https://loki.test?x=1"}, "without a query or a fragment"),
        ({"LOKI_USERNAME": "a:b"}, "LOKI_USERNAME is 'a:b': it takes the user whose password the token is"),
        ({"TEMPO_TENANT": "sh\u00f6p"}, "TEMPO_TENANT is"),
    ],
)
def test_a_wrong_value_is_refused_with_what_is_right(environment: dict[str, str], told: str) -> None:
    with pytest.raises(SettingsError) as caught:
        read_monitoring(environment)
    assert told in str(caught.value)
    assert "pw" not in str(caught.value).replace("password", "")


def test_a_token_that_is_given_twice_is_refused(tmp_path: Path) -> None:
    file = tmp_path / "token"
    file.touch()
    with pytest.raises(SettingsError, match="JAEGER_TOKEN and JAEGER_TOKEN_FILE are both set"):
        read_monitoring({"JAEGER_TOKEN": "t0ken", "JAEGER_TOKEN_FILE": str(file)})
