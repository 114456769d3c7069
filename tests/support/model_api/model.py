"""A model that follows a script, behind the APIs of four clients at once.

with scripted_model([Call("drone_list_builds", {"repo": "octo/hello"})]) as model:
    ...  # a turn of a client whose model is at model.url
assert len(model.requests) == 2
"""

from __future__ import annotations

import json
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread
from typing import TYPE_CHECKING, Any

from support.model_api import anthropic, gemini, openai_chat, openai_responses
from support.model_api.dialect import Asked, Dialect, server_sent

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from support.model_api.dialect import Body, Event

DIALECTS: dict[str, Dialect] = {  # how a path ends -> what is spoken there
    "/messages": anthropic,
    "/responses": openai_responses,
    "/chat/completions": openai_chat,
    ":streamGenerateContent": gemini,
}


@dataclass(frozen=True)
class Call:
    """A call that the model makes, of a tool by its server's name for it."""

    tool: str
    arguments: dict[str, Any]


@dataclass
class Model:
    """Makes the calls of a script, one in each answer, and ends the turn after the last or where a tool is missing.

    Attributes:
        requests: what it was asked during the turn, oldest first. Requests without tools are none of the turn: clients
            make them for the title of a conversation.
    """

    script: Sequence[Call]
    url: str = ""
    requests: list[Asked] = field(default_factory=list)

    def answer(self, dialect: Dialect, body: Body) -> Iterator[Event]:
        """Decide what to answer to a request."""
        asked = dialect.read(body)
        if not asked.offered:
            return dialect.say("A title")
        self.requests.append(asked)
        done = len(asked.results)
        if done == len(self.script):
            return dialect.say("That is all.")
        call = self.script[done]
        name = asked.find(call.tool)
        if name:
            return dialect.call(f"call-{done}", name, call.arguments)
        if asked.deferred and not asked.searched:
            return anthropic.search(asked.deferred)
        return dialect.say(f"There is no {call.tool}.")


@contextmanager
def scripted_model(script: Sequence[Call]) -> Iterator[Model]:
    """Listen on a free port of this machine until the turn is over."""
    model = Model(script)

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_POST(self) -> None:
            body = json.loads(self.rfile.read(int(self.headers["content-length"])))
            path = self.path.partition("?")[0]
            dialect = next((known for ending, known in DIALECTS.items() if path.endswith(ending)), None)
            if dialect is None:
                self.send_error(404)
                return
            data = "".join(map(server_sent, model.answer(dialect, body))).encode()
            self.send_response(200)
            self.send_header("content-type", "text/event-stream")
            self.send_header("content-length", str(len(data)))
            self.end_headers()
            self.wfile.write(data)

        def log_message(self, *_: Any) -> None:
            """Keep quiet."""

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        model.url = f"http://127.0.0.1:{server.server_port}"
        thread = Thread(target=server.serve_forever)
        thread.start()
        try:
            yield model
        finally:
            server.shutdown()
            thread.join()
