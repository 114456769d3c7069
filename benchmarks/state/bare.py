"""The reference: a Starlette endpoint, on the same server, that reads the body and answers."""

from __future__ import annotations

import asyncio
import json
import socket
from typing import TYPE_CHECKING

import uvicorn
from starlette.applications import Starlette
from starlette.responses import Response
from starlette.routing import Route

if TYPE_CHECKING:
    from starlette.requests import Request


async def read_body(request: Request) -> Response:
    """Read, answer."""
    await request.body()
    return Response(status_code=204)


def main() -> None:
    """Serve on a free port."""
    listener = socket.create_server(("127.0.0.1", 0))
    print(json.dumps({"url": f"http://127.0.0.1:{listener.getsockname()[1]}"}), flush=True)
    app = Starlette(routes=[Route("/webhooks", read_body, methods=["POST"])])
    config = uvicorn.Config(app, access_log=False, log_config=None, lifespan="off", ws="none")
    asyncio.run(uvicorn.Server(config).serve([listener]))


if __name__ == "__main__":
    main()
