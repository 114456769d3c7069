"""Faults in front of an application that is no simulator of ours, on a socket and in-process."""

from __future__ import annotations

from contextlib import asynccontextmanager
from typing import TYPE_CHECKING, Any

import httpx
import pytest
from starlette.applications import Starlette
from starlette.middleware import Middleware
from starlette.responses import JSONResponse
from starlette.routing import Route

from ci_mcp_simulator.clock import RealClock
from ci_mcp_simulator.faults import Fault, FaultMiddleware, Faults
from ci_mcp_simulator.serving import serving

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from starlette.requests import Request


async def greet(_: Request) -> JSONResponse:
    return JSONResponse({"hello": "world"})


def make_app(faults: Faults) -> Starlette:
    middleware = [Middleware(FaultMiddleware, faults=faults, clock=RealClock())]
    return Starlette(routes=[Route("/hello", greet, methods=["GET", "POST"])], middleware=middleware)


@asynccontextmanager
async def client_of(faults: Faults, *, socket: bool) -> AsyncIterator[httpx.AsyncClient]:
    if not socket:
        transport = httpx.ASGITransport(make_app(faults))
        async with httpx.AsyncClient(transport=transport, base_url="http://app.test") as client:
            yield client
        return
    async with (
        serving(lambda _: make_app(faults)) as url,
        httpx.AsyncClient(base_url=url, trust_env=False) as client,
    ):
        yield client


def faults_of(**settings: Any) -> Faults:
    faults = Faults()
    faults.add(Fault.model_validate(settings))
    return faults


both = pytest.mark.parametrize("socket", [True, False], ids=["socket", "in-process"])


@both
async def test_a_fault_is_met_as_often_as_it_says_and_then_over(socket: bool) -> None:
    faults = faults_of(kind="status", status=503, retry_after="2", count=1)
    async with client_of(faults, socket=socket) as client:
        first, second = await client.get("/hello"), await client.get("/hello")
    assert (first.status_code, first.headers["retry-after"]) == (503, "2")
    assert second.json() == {"hello": "world"}
    assert faults.list_active() == []


@both
@pytest.mark.parametrize("kind", ["drop", "reset"])
async def test_a_broken_connection_is_the_error_of_the_http_library(socket: bool, kind: str) -> None:
    async with client_of(faults_of(kind=kind, count=1), socket=socket) as client:
        with pytest.raises((httpx.ReadError, httpx.RemoteProtocolError)):
            await client.get("/hello")
        assert (await client.get("/hello")).json() == {"hello": "world"}


@both
async def test_a_fault_keeps_to_its_method_and_path(socket: bool) -> None:
    async with client_of(faults_of(kind="html", route="POST /hel*"), socket=socket) as client:
        assert (await client.get("/hello")).json() == {"hello": "world"}
        assert (await client.post("/hello")).headers["content-type"].startswith("text/html")


@both
async def test_a_truncated_answer_has_half_of_its_body(socket: bool) -> None:
    async with client_of(faults_of(kind="truncate"), socket=socket) as client:
        assert (await client.get("/hello")).text == '{"hello":'[: len('{"hello":"world"}') // 2]
