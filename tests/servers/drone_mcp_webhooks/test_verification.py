from __future__ import annotations

import base64
import hashlib
import hmac

import pytest
from hypothesis import given
from hypothesis import strategies as st

from drone_mcp_webhooks.verification import DeliveryRefused, check_body, check_head
from support.captured_builds import SECRET, Delivery, deliveries

CAPTURED = deliveries()
SIGNED_HEADERS = ["date", "digest", "signature"]


def check(
    headers: dict[str, str], body: bytes, *, at: float, keys: tuple[str, ...] = (SECRET,), max_age: float = 300
) -> None:
    lower = {name.lower(): value for name, value in headers.items()}
    check_head(lower, [key.encode() for key in keys], now=at, max_age=max_age)
    check_body(lower, body)


def refusal(headers: dict[str, str], body: bytes, *, at: float, **options: float) -> str:
    with pytest.raises(DeliveryRefused) as refused:
        check(headers, body, at=at, **options)  # type: ignore[arg-type] # floats are all that is given
    return refused.value.reason


def signed(body: bytes, date: str, signed_headers: str = "date digest") -> dict[str, str]:
    digest = "SHA-256=" + base64.b64encode(hashlib.sha256(body).digest()).decode()
    values = {"date": date, "digest": digest}
    text = "\n".join(f"{name}: {values[name]}" for name in signed_headers.split())
    mac = base64.b64encode(hmac.digest(SECRET.encode(), text.encode(), "sha256")).decode()
    signature = f'keyId="hmac-key",algorithm="hmac-sha256",signature="{mac}",headers="{signed_headers}"'
    return {**values, "signature": signature}


@pytest.mark.parametrize("delivery", CAPTURED, ids=lambda delivery: delivery.headers["X-Drone-Event"])
def test_every_captured_delivery_verifies(delivery: Delivery) -> None:
    check(delivery.headers, delivery.body, at=delivery.at)


@given(st.sampled_from(CAPTURED), st.sampled_from([*SIGNED_HEADERS, "body"]), st.data())
def test_a_captured_delivery_with_any_one_byte_changed_is_refused(
    delivery: Delivery, part: str, data: st.DataObject
) -> None:
    headers = {name.lower(): value for name, value in delivery.headers.items()}
    original = delivery.body if part == "body" else headers[part].encode()
    place = data.draw(st.integers(0, len(original) - 1))
    changed = bytearray(original)
    changed[place] = data.draw(st.integers(0, 255).filter(lambda byte: byte != original[place]))
    body = bytes(changed) if part == "body" else delivery.body
    if part != "body":
        headers[part] = changed.decode("latin-1")
    refusal(headers, body, at=delivery.at)


@pytest.mark.parametrize("part", [*SIGNED_HEADERS, "body"])
def test_a_bit_changed_anywhere_in_any_captured_delivery_is_refused(part: str) -> None:
    for delivery in CAPTURED:
        headers = {name.lower(): value for name, value in delivery.headers.items()}
        original = delivery.body if part == "body" else headers[part].encode()
        for place in range(0, len(original), 16 if part == "body" else 1):  # all of a body would take a minute
            changed = original[:place] + bytes([original[place] ^ 1]) + original[place + 1 :]
            body = changed if part == "body" else delivery.body
            refusal(headers if part == "body" else headers | {part: changed.decode()}, body, at=delivery.at)


@given(st.sampled_from(CAPTURED), st.sampled_from([*SIGNED_HEADERS, "body"]), st.data())
def test_a_captured_delivery_with_a_byte_lost_or_added_is_refused(
    delivery: Delivery, part: str, data: st.DataObject
) -> None:
    headers = {name.lower(): value for name, value in delivery.headers.items()}
    original = delivery.body if part == "body" else headers[part].encode()
    place = data.draw(st.integers(0, len(original) - 1))
    added = data.draw(st.binary(max_size=1))
    changed = original[:place] + added + original[place + (not added) :]
    body = changed if part == "body" else delivery.body
    if part != "body":
        headers[part] = changed.decode("latin-1")
    refusal(headers, body, at=delivery.at)


@given(st.sampled_from(CAPTURED), st.sampled_from(CAPTURED))
def test_the_headers_of_one_delivery_vouch_for_no_other_body(one: Delivery, other: Delivery) -> None:
    if one.body != other.body:
        assert refusal(one.headers, other.body, at=one.at) == "wrong_digest"


@given(st.text(min_size=1).filter(lambda secret: secret != SECRET))
def test_another_secret_is_refused(secret: str) -> None:
    delivery = CAPTURED[0]
    with pytest.raises(DeliveryRefused, match="wrong_signature"):
        check_head(
            {name.lower(): value for name, value in delivery.headers.items()},
            [secret.encode("utf-8", "surrogatepass")],
            now=delivery.at,
            max_age=300,
        )


def test_any_of_several_secrets_is_good_while_one_replaces_the_other() -> None:
    delivery = CAPTURED[0]
    check(delivery.headers, delivery.body, at=delivery.at, keys=("new", SECRET))
    check(delivery.headers, delivery.body, at=delivery.at, keys=(SECRET, "new"))


def test_without_any_secret_nothing_is_believed() -> None:
    with pytest.raises(DeliveryRefused, match="wrong_signature"):
        check(CAPTURED[0].headers, CAPTURED[0].body, at=CAPTURED[0].at, keys=())


@pytest.mark.parametrize(("seconds", "reason"), [(301.9, "too_old"), (-300.1, "from_the_future")])
def test_a_date_outside_the_window_is_refused(seconds: float, reason: str) -> None:
    delivery = CAPTURED[0]
    sent = int(delivery.at)
    check(delivery.headers, delivery.body, at=sent + 300)
    check(delivery.headers, delivery.body, at=sent - 300)
    assert refusal(delivery.headers, delivery.body, at=sent + seconds) == reason


def test_a_window_of_zero_takes_any_age() -> None:
    check(CAPTURED[0].headers, CAPTURED[0].body, at=0, max_age=0)


@pytest.mark.parametrize("missing", SIGNED_HEADERS)
def test_a_delivery_without_one_of_the_signed_headers_is_refused(missing: str) -> None:
    headers = {name: value for name, value in CAPTURED[0].headers.items() if name.lower() != missing}
    assert refusal(headers, CAPTURED[0].body, at=CAPTURED[0].at) == "unsigned"


@pytest.mark.parametrize("signed_headers", ["date", "digest", "digest date"])
def test_a_good_signature_over_other_headers_is_refused(signed_headers: str) -> None:
    headers = signed(b"{}", "Sat, 21 Nov 2026 09:56:42 GMT", signed_headers)
    assert refusal(headers, b"{}", at=1795255002) == "unsupported_signature"


@pytest.mark.parametrize("date", ["yesterday", "Sat, 99 Nov 2026 09:56:42 GMT", "Sat, 21 Nov 99999 09:56:42 GMT"])
def test_a_signed_date_that_is_none_is_refused(date: str) -> None:
    assert refusal(signed(b"{}", date), b"{}", at=1795255002) == "malformed_date"


def test_the_order_of_the_parts_of_the_signature_is_free() -> None:
    headers = signed(b"{}", "Sat, 21 Nov 2026 09:56:42 GMT")
    headers["signature"] = ",".join(reversed(headers["signature"].split(",")))
    check(headers, b"{}", at=1795255002)


@pytest.mark.parametrize(
    "signature", ["", "nonsense", 'keyId="hmac-key"', 'keyId="a",keyId="b",keyId="c",keyId="d"', "é" * 100, '"' * 5000]
)
def test_nonsense_in_place_of_a_signature_is_refused(signature: str) -> None:
    headers = {**CAPTURED[0].headers, "Signature": signature}
    refusal(headers, CAPTURED[0].body, at=CAPTURED[0].at)


def test_a_refusal_repeats_nothing_that_the_sender_wrote() -> None:
    headers = {**CAPTURED[0].headers, "Signature": "hunter2"}
    assert "hunter2" not in refusal(headers, CAPTURED[0].body, at=CAPTURED[0].at)
