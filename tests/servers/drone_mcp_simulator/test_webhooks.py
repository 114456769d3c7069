"""Outgoing webhooks: their receivers, and unreachable endpoints."""

from __future__ import annotations

import httpx
import pytest

from drone_mcp_simulator.webhooks import Webhook, WebhookSender
from support.simulator import running_simulator

WEBHOOK = Webhook("build", "build:created", b"{}")


class Receivers:
    """Endpoints that record requests; the host `down` cannot be reached, `sick` answers 500."""

    def __init__(self) -> None:
        self.seen: list[str] = []

    def __call__(self, request: httpx.Request) -> httpx.Response:
        self.seen.append(request.url.host)
        if request.url.host == "down":
            raise httpx.ConnectError("refused", request=request)
        return httpx.Response(500 if request.url.host == "sick" else 200)


def _sender(receivers: Receivers, *hosts: str, events: tuple[str, ...] = ()) -> WebhookSender:
    urls = tuple(f"http://{host}/hook" for host in hosts)
    return WebhookSender(urls, "key", events, httpx.MockTransport(receivers))


async def test_a_bad_answer_counts_as_delivered_and_a_lost_connection_ends_the_round() -> None:
    receivers = Receivers()
    sender = _sender(receivers, "sick", "well", "down", "never")

    await sender.send(WEBHOOK, 0)
    await sender.close()

    assert receivers.seen == ["sick", "well", "down"]
    assert sender.failures == 1


@pytest.mark.parametrize(("pattern", "count"), [("build", 0), ("build:*", 1), ("*", 1), ("repo:*", 0)])
async def test_patterns_look_at_event_and_action(pattern: str, count: int) -> None:
    receivers = Receivers()
    sender = _sender(receivers, "well", events=(pattern,))

    await sender.send(WEBHOOK, 0)
    await sender.close()

    assert len(receivers.seen) == count


async def test_a_request_is_answered_after_its_webhook_was_delivered() -> None:
    receivers = Receivers()
    sender = _sender(receivers, "well")
    async with running_simulator("demo", webhooks=sender) as drone, drone.client() as http:
        assert receivers.seen == []
        await http.post("/api/repos/octo/hello/builds")
        assert receivers.seen == ["well"]


async def test_approving_and_declining_send_nothing() -> None:
    receivers = Receivers()
    async with running_simulator("demo", webhooks=_sender(receivers, "well")) as drone, drone.client() as http:
        await http.post("/api/repos/octo/payments/builds/2/approve/1")
        await http.post("/api/repos/octo/payments/builds/2/decline/2")

    assert receivers.seen == []
