"""Alerts of a real Alertmanager, and the deployments of a simulated Drone before them."""

from __future__ import annotations

from typing import Any

from ci_mcp_kit.token_count import count_tokens
from support.monitoring import fire, silence


async def deploy(lookout: Any, number: int, target: str, seconds: float = 70) -> None:
    """Promote a build as a person does, and let the runner work."""
    async with lookout.drone.client() as person:
        path = f"/api/repos/octo/hello/builds/{number}/promote"
        (await person.post(path, params={"target": target})).raise_for_status()
    await lookout.drone.advance(seconds)


async def test_an_alert_has_its_age_and_the_deployment_that_began_last_before_it(watch: Any, alertmanager: str) -> None:
    async with watch(ALERTMANAGER_SERVER=alertmanager) as lookout:
        await deploy(lookout, 1, "production", 3_600)
        await deploy(lookout, 2, "production", 300)
        fire(alertmanager, lookout.drone.world.now() - 120.0, "5 % of requests fail", alertname="Errors", test="one")
        await deploy(lookout, 1, "production")
        answer = await lookout.call("drone_list_alerts", filters=['test="one"'], repo="octo/hello")
    (alert,) = answer.data["alerts"]
    assert (alert["alert"], alert["state"], alert["summary"]) == ("Errors", "firing", "5 % of requests fail")
    assert alert["lasts"] == "3 min 10 s"
    assert alert["labels"] == "{test=one}"
    deployment = alert["deployment"]
    assert (deployment["target"], deployment["number"]) == ("production", 4)
    assert deployment["before"] == "2 min 59 s"
    assert answer.data["next_step"].startswith("drone_explain_incident with the target")


async def test_a_label_that_names_a_target_chooses_among_the_deployments(watch: Any, alertmanager: str) -> None:
    async with watch(ALERTMANAGER_SERVER=alertmanager) as lookout:
        await deploy(lookout, 1, "production")
        await deploy(lookout, 2, "staging")
        now = lookout.drone.world.now()
        fire(alertmanager, now, alertname="Errors", test="two", env="production")
        answer = await lookout.call("drone_list_alerts", filters=['test="two"'], repo="octo/hello")
        chosen = await lookout.call("drone_list_alerts", filters=['test="two"'], repo="octo/hello", target="staging")
    assert answer.data["alerts"][0]["deployment"]["target"] == "production"
    assert chosen.data["alerts"][0]["deployment"]["target"] == "staging"


async def test_silenced_alerts_come_last_and_are_said_to_be(watch: Any, alertmanager: str) -> None:
    import time  # noqa: PLC0415 - a silence is valid by the machine's clock

    async with watch(ALERTMANAGER_SERVER=alertmanager) as lookout:
        now = lookout.drone.world.now()
        fire(alertmanager, now - 10.0, alertname="Known", test="three")
        fire(alertmanager, now - 60.0, alertname="New", test="three")
        silence(alertmanager, time.time(), alertname="Known", test="three")
        answer = await lookout.call("drone_list_alerts", filters=['test="three"'])
    assert [(one["alert"], one["state"]) for one in answer.data["alerts"]] == [("New", "firing"), ("Known", "silenced")]
    assert (answer.data["firing"], answer.data["silenced"]) == (1, 1)
    assert answer.data["note"] == "Name a repo to see the deployment before each alert"


async def test_alerts_before_any_deployment_name_none(watch: Any, alertmanager: str) -> None:
    async with watch(ALERTMANAGER_SERVER=alertmanager) as lookout:
        fire(alertmanager, lookout.drone.world.now() - 500_000.0, alertname="Old", test="four")
        await deploy(lookout, 1, "production")
        answer = await lookout.call("drone_list_alerts", filters=['test="four"'], repo="octo/hello")
    assert "deployment" not in answer.data["alerts"][0]


async def test_many_alerts_with_long_texts_fit_the_budget(watch: Any, alertmanager: str) -> None:
    async with watch(ALERTMANAGER_SERVER=alertmanager) as lookout:
        now = lookout.drone.world.now()
        for number in range(30):
            fire(
                alertmanager,
                now - number,
                "s" * 3_000,
                alertname="n" * 500,
                test="five",
                number=str(number),
                x="v" * 900,
            )
        await deploy(lookout, 1, "production")
        answer = await lookout.call("drone_list_alerts", filters=['test="five"'], repo="octo/hello")
    assert (len(answer.data["alerts"]), answer.data["firing"]) == (10, 30)
    assert answer.data["left_out"] == "20 more alerts: give filters"
    assert count_tokens(answer.text) <= 2_000


async def test_a_wrong_filter_is_refused_with_the_words_of_alertmanager(watch: Any, alertmanager: str) -> None:
    async with watch(ALERTMANAGER_SERVER=alertmanager) as lookout:
        answer = await lookout.call("drone_list_alerts", filters=["=="])
    assert answer.code == "INVALID_INPUT"
    assert answer.data["message"].startswith("Alertmanager refuses the alerts: bad matcher format")


async def test_a_repository_outside_the_role_is_refused_before_anything_is_asked(watch: Any, alertmanager: str) -> None:
    async with watch(ALERTMANAGER_SERVER=alertmanager, DRONE_MCP_REPOS="octo/other") as lookout:
        answer = await lookout.call("drone_list_alerts", repo="octo/hello")
        assert lookout.drone.asked == []
    assert answer.code == "PERMISSION_DENIED"
