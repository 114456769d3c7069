"""Resources and prompts: how one is declared, and how its errors reach the client.

class ReleaseResources:
    @resource("slipway://app/{app}/latest", name="latest_release", title="Newest release", needs="slipway_get_release")
    async def latest(self, app: str) -> ReleaseView:
        "What it shows, in a line."

    @prompt(title="Watch a release")
    async def watch_release(self, app: str) -> str:
        "What it asks the model to do."
"""

from __future__ import annotations

import inspect
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from functools import cache
from typing import TYPE_CHECKING, Any, TypeVar

from mcp.server.mcpserver.prompts import Prompt
from mcp.server.mcpserver.prompts.base import Message, PromptArgument, UserMessage
from mcp.shared.exceptions import MCPError
from mcp.types import INTERNAL_ERROR, INVALID_PARAMS, Completion

from ci_mcp_kit import logs
from ci_mcp_kit.answer import error_data, view_text
from ci_mcp_kit.argument_validation import Arguments, arguments_model, read_arguments, read_texts
from ci_mcp_kit.errors import InvalidInput, NotFound, ServiceError
from ci_mcp_kit.outgoing_text import one_line
from ci_mcp_kit.schemas import flatten
from ci_mcp_kit.tools import crash, marked

if TYPE_CHECKING:
    from mcp.server.mcpserver import MCPServer

    from ci_mcp_kit.outgoing_text import Cleaner
    from ci_mcp_kit.unknown_names import Offer

F = TypeVar("F", bound=Callable[..., Any])
Completer = Callable[[Any, Any, Any], Awaitable[Completion | None]]

_MARK = "__drone_mcp_resource__"
_PROMPT_MARK = "__drone_mcp_prompt__"


@dataclass(frozen=True)
class DeclaredResource:
    """The arguments of `@resource`."""

    uri: str
    name: str
    title: str
    mime_type: str
    needs: str


@dataclass(frozen=True)
class DeclaredPrompt:
    """The arguments of `@prompt`."""

    title: str
    needs: str


def resource(
    uri: str, *, name: str, title: str, mime_type: str = "application/json", needs: str = ""
) -> Callable[[F], F]:
    """Mark an async function as a resource, or a template where `uri` has {variables}; it returns a View or text.

    Args:
        uri: its address.
        name: its name for programs.
        title: what a person reads in a list of resources.
        mime_type: of its content.
        needs: the tool that answers the same; the resource is offered only together with it. "": with any tool.
    """

    def mark(function: F) -> F:
        setattr(function, _MARK, DeclaredResource(uri, name, title, mime_type, needs))
        return function

    return mark


def prompt(*, title: str, needs: str = "") -> Callable[[F], F]:
    """Mark an async function as a prompt; it returns the text that the user would say.

    Args:
        title: what a person reads in a list of prompts.
        needs: the tool that the text asks for; the prompt is offered only together with it.
    """

    def mark(function: F) -> F:
        setattr(function, _PROMPT_MARK, DeclaredPrompt(title, needs))
        return function

    return mark


def add_resources(server: MCPServer[Any], part: object, tools: Sequence[str], clean: Cleaner) -> None:
    """Register the resources of `part` whose tools are offered."""
    for function, facts in _offered_resources(part, tools):
        described = inspect.cleandoc(function.__doc__ or "")
        wrapped = _wrap("resource", facts.name, function, clean)
        # With the same parameters, of any type: the SDK would word errors of types differently.
        parameters = [one.replace(annotation=Any) for one in inspect.signature(function).parameters.values()]
        wrapped.__name__ = function.__name__
        wrapped.__annotations__ = dict.fromkeys((one.name for one in parameters), Any)
        wrapped.__signature__ = inspect.Signature(parameters)  # type: ignore[attr-defined]  # as the inspect module reads it
        server.resource(
            facts.uri, name=facts.name, title=facts.title, description=described, mime_type=facts.mime_type
        )(wrapped)


class _Prompt(Prompt):
    """A prompt that checks its arguments itself: the SDK (2.3.0) answers wrong ones with an internal error."""

    async def render(self, arguments: dict[str, Any] | None, context: Any) -> list[Message]:  # noqa: ARG002 - the SDK's
        ask: Callable[..., Any] = self.fn
        return [UserMessage(await ask(**(arguments or {})))]


def add_prompts(server: MCPServer[Any], part: object, tools: Sequence[str], clean: Cleaner) -> None:
    """Register the prompts of `part` whose tools are offered."""
    for function, facts in _offered_prompts(part, tools):
        _, schema = _read_arguments_of(getattr(function, "__func__", function))
        required = schema.get("required", ())
        made = _Prompt(
            name=function.__name__,
            title=facts.title,
            description=inspect.cleandoc(function.__doc__ or ""),
            arguments=[
                PromptArgument(name=name, description=described.get("description"), required=name in required)
                for name, described in schema["properties"].items()
            ],
            fn=_wrap("prompt", function.__name__, function, clean),
        )
        server.add_prompt(made)


def prompt_names(parts: Sequence[object], tools: Sequence[str]) -> tuple[str, ...]:
    """Return the names of the prompts of `parts` whose tools are offered."""
    return tuple(function.__name__ for part in parts for function, _ in _offered_prompts(part, tools))


def _offered_prompts(part: object, tools: Sequence[str]) -> list[tuple[Callable[..., Any], DeclaredPrompt]]:
    prompts = marked(part, _PROMPT_MARK, DeclaredPrompt)
    return [(function, facts) for function, facts in prompts if not facts.needs or facts.needs in tools]


def resource_addresses(parts: Sequence[object], tools: Sequence[str]) -> tuple[str, ...]:
    """Return the URIs and URI templates of the resources of `parts` whose tools are offered."""
    return tuple(facts.uri for part in parts for _, facts in _offered_resources(part, tools))


def _offered_resources(part: object, tools: Sequence[str]) -> list[tuple[Callable[..., Any], DeclaredResource]]:
    resources = marked(part, _MARK, DeclaredResource)
    return [(function, facts) for function, facts in resources if not facts.needs or facts.needs in tools]


def add_completion(server: MCPServer[Any], complete: Completer, offer: Offer, clean: Cleaner) -> None:
    """Register `complete` for the arguments of the prompts and resources on `offer`.

    If it fails there are no completions, as clients do not show errors of them.
    """

    async def completed(reference: Any, argument: Any, context: Any) -> Completion | None:
        offer.check_reference(reference)
        with logs.request("completion", argument.name):
            try:
                found = await complete(reference, argument, context)
            except ServiceError as error:
                logs.set_outcome(error.code)
                return None
            except Exception:  # noqa: BLE001 - crash() logs it
                crash(argument.name)
                return None
        return found and found.model_copy(update={"values": clean.value(found.values)})

    server.completion()(completed)  # type: ignore[no-untyped-call]  # the SDK left it untyped


def _wrap(
    kind: str, name: str, function: Callable[..., Awaitable[Any]], clean: Cleaner
) -> Callable[..., Awaitable[str]]:
    """Wrap `function`: its answer becomes clean text, and its errors become protocol errors."""
    model, schema = _read_arguments_of(getattr(function, "__func__", function))

    async def wrapper(**given: Any) -> str:
        with logs.request(kind, name, **_about(given)), clean.in_force():
            try:
                answer = await function(**read_arguments(name, model, schema, read_texts(schema, given)))
                return clean.text(answer) if isinstance(answer, str) else view_text(answer, clean)
            except MCPError:
                raise
            except ServiceError as error:
                logs.set_outcome(error.code)
                raise protocol_error(error, clean) from error
            except Exception as error:
                raise protocol_error(crash(name), clean) from error

    return wrapper


@cache  # as of tools: a process may have many servers with the same resources
def _read_arguments_of(function: Callable[..., Any]) -> tuple[type[Arguments], dict[str, Any]]:
    model = arguments_model(function.__name__, inspect.signature(function, eval_str=True))
    return model, flatten(model.model_json_schema())


def protocol_error(error: ServiceError, clean: Cleaner) -> MCPError:
    """Return `error` as a JSON-RPC error: -32602 (invalid params) where the request is wrong, else -32603."""
    data = error_data(error, clean)
    code = INVALID_PARAMS if isinstance(error, NotFound | InvalidInput) else INTERNAL_ERROR
    return MCPError(code=code, message=f"{data['message']}. {data['next_step']}", data=data)


def _about(given: dict[str, Any]) -> dict[str, str | int | None]:
    owner, repo, number = given.get("owner"), given.get("repo"), given.get("number")
    slug = f"{owner}/{repo}" if owner and repo else repo
    return {
        "repo": one_line(slug, 120) if isinstance(slug, str) else None,
        "build": one_line(number, 20) if isinstance(number, str) else None,
    }
