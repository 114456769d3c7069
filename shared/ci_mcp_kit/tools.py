"""Declares tools, and registers them with the schemas that a client sees.

    class ReleaseTools:
        def __init__(self, access: SlipwayAccess) -> None: ...

        @tool(title="Get one release", schema="release/1")
        async def slipway_get_release(
            self,
            app: Annotated[str, Field(description="Name of the application")],
            number: Annotated[int, Field(description="Release number, 1 or more", ge=1)],
        ) -> ReleaseView:
            "First line: what it answers. Limits are repeated here and in the descriptions."

The function's name is the tool's name, its docstring the description, its return type (a `View`) the output schema.

Registration is our own (`make_tool`, `KitTool`) and not `MCPServer.tool`, because in version 2.3.0 of the SDK

* schemas hold `$ref` and nullable types, which several clients cannot read
  (https://github.com/modelcontextprotocol/python-sdk/issues/2384);
* output schemas are complete, and every request of an agent would pay for them;
* arguments that the tool does not have are ignored, and wrong ones are answered with pydantic's message;
* an error is a text, not the one shape that `ci_mcp_kit.answer` gives all of them.

Once the SDK takes a schema, a reader of arguments and a writer of results from outside, this goes.
"""

from __future__ import annotations

import inspect
import re
from collections.abc import Awaitable, Callable, Collection
from dataclasses import dataclass
from functools import cache
from typing import Any, TypeVar, get_args

from mcp.server.mcpserver import Context
from mcp.shared.exceptions import MCPError
from mcp.types import CallToolResult, InputRequiredResult, ToolAnnotations
from pydantic import PrivateAttr

from ci_mcp_kit import logs
from ci_mcp_kit.answer import Failure, View, failure, success
from ci_mcp_kit.argument_validation import Arguments, arguments_model, read_arguments
from ci_mcp_kit.errors import NotFound, ServiceError
from ci_mcp_kit.outgoing_text import Cleaner, one_line
from ci_mcp_kit.schemas import flatten, outline, outline_names
from ci_mcp_kit.sdk_internals import FuncMetadata, Tool

F = TypeVar("F", bound=Callable[..., Any])
T = TypeVar("T")

TOOL_MARK = "__drone_mcp_tool__"
_SCHEMA = re.compile(r"[a-z][a-z0-9-]*/[1-9][0-9]*")


@dataclass(frozen=True)
class Declared:
    """The arguments of `@tool`."""

    title: str
    schema: str
    writes: bool
    destructive: bool
    idempotent: bool
    max_chars: int | None


def tool(
    *,
    title: str,
    schema: str,
    writes: bool = False,
    destructive: bool = False,
    idempotent: bool = True,
    max_chars: int | None = None,
) -> Callable[[F], F]:
    """Mark an async function or method as a tool.

    Args:
        title: the title for people, in a list of tools.
        schema: "name/version" of its arguments and answer; an incompatible change raises the version.
        writes: whether it changes anything in the service.
        destructive: whether its changes cannot be undone.
        idempotent: whether calling it twice has the same effect as once.
        max_chars: up to which length Claude Code takes its answer whole (at most 500,000), if longer than usual.
    """
    if not _SCHEMA.fullmatch(schema):
        raise ValueError(f"schema is {schema!r}: it takes name/version, like build/1")

    def mark(function: F) -> F:
        setattr(function, TOOL_MARK, Declared(title, schema, writes, destructive, idempotent, max_chars))
        return function

    return mark


def marked(part: object, mark: str, kind: type[T]) -> list[tuple[Callable[..., Any], T]]:
    """Return the functions of `part` that carry `mark`, in the order of their definition, each with its declaration.

    `part` is an object with marked methods, a module of marked functions or one such function.
    """
    # By the classes, base first, because dir() would sort the names.
    layers = [part] if inspect.ismodule(part) or inspect.isfunction(part) else list(reversed(type(part).__mro__))
    attributes = {name: value for layer in layers for name, value in vars(layer).items() if not name.startswith("_")}
    # Properties are left out, as they would be computed here: some read a file at their first use, to start fast.
    members = [part, *(getattr(part, name) for name, value in attributes.items() if callable(value))]
    pairs = ((item, getattr(item, mark, None)) for item in members if callable(item))
    return [(item, facts) for item, facts in pairs if isinstance(facts, kind)]


async def no_notice() -> str:
    """Return no notice."""
    return ""


def make_tool(
    function: Callable[..., Any],
    clean: Cleaner | None = None,
    refusal: ServiceError | None = None,
    notice: Callable[[], Awaitable[str]] = no_notice,
    hidden: Collection[str] = (),
) -> Tool:
    """Return the SDK's tool for a marked function.

    Args:
        function: the function.
        clean: cleans its answers.
        refusal: its answer to every call, if there is one.
        notice: returns the notice that precedes an answer, "" for none.
        hidden: names of arguments that it does not take here; they keep their defaults.

    Raises:
        TypeError: it is not marked, not async, has no docstring or does not return a View.
    """
    facts = getattr(function, TOOL_MARK, None)
    if not isinstance(facts, Declared) or not inspect.iscoroutinefunction(function) or not function.__doc__:
        raise TypeError(f"{function.__name__} needs @tool, async def and a docstring to be a tool")
    contract = _read_contract(getattr(function, "__func__", function), frozenset(hidden))
    # Every request of an agent pays for the list of tools, so two kinds of hints are left out (MCP specification
    # 2025-11-25, schema reference, `ToolAnnotations`): those about changes of a tool that only reads, where they have
    # no meaning, and `openWorldHint`, whose default is true. It is true of all our tools: their answers hold text of
    # strangers, such as commit messages and log lines. The title is an annotation, as both eras of clients read that.
    changes = {"destructive_hint": facts.destructive, "idempotent_hint": facts.idempotent} if facts.writes else {}
    limit = {} if facts.max_chars is None else {"anthropic/maxResultSizeChars": facts.max_chars}
    tool = KitTool(
        fn=function,
        name=function.__name__,
        description=inspect.cleandoc(function.__doc__),
        parameters=contract.parameters,
        fn_metadata=FuncMetadata(arg_model=contract.arguments, output_schema=contract.answer),
        is_async=True,
        context_kwarg=contract.context,
        annotations=ToolAnnotations(title=facts.title, read_only_hint=not facts.writes, **changes),
        meta={"drone-mcp/schema": facts.schema, **limit},
    )
    tool._clean = clean or Cleaner()  # noqa: SLF001 - pydantic sets a private attribute from outside only
    tool._refusal = refusal  # noqa: SLF001 - likewise
    tool._notice = notice  # noqa: SLF001 - likewise
    return tool


@dataclass(frozen=True)
class _Contract:
    """The signature of a tool: the parameter for the SDK's context, the arguments, and the two schemas."""

    context: str | None
    arguments: type[Arguments]
    parameters: dict[str, Any]
    answer: dict[str, Any]


@cache  # a process that serves several roles offers a tool on a server for each of them
def _read_contract(function: Callable[..., Any], hidden: frozenset[str]) -> _Contract:
    signature = inspect.signature(function, eval_str=True)  # takes long enough to be read once
    # Besides its view, a tool may return a question to the person behind the client.
    kinds = get_args(signature.return_annotation) or (signature.return_annotation,)
    views = [kind for kind in kinds if kind is not InputRequiredResult]
    view = views[0] if len(views) == 1 else None
    if not (inspect.isclass(view) and issubclass(view, View)):
        raise TypeError(f"{function.__name__} must return a View")
    taken = {name: parameter.annotation for name, parameter in signature.parameters.items()}
    context = next((name for name, kind in taken.items() if inspect.isclass(kind) and issubclass(kind, Context)), None)
    model = arguments_model(function.__name__, signature, {context, *hidden})
    # Clients require these of the root of an input schema.
    parameters = {
        "type": "object",
        "properties": {},
        **flatten(model.model_json_schema()),
        "additionalProperties": False,
    }
    is_json = view.as_text is View.as_text and not view.brief
    answer = outline(view.model_json_schema()) if is_json else outline_names(view, brief=view.brief)
    return _Contract(context, model, parameters, answer)


class KitTool(Tool):
    """A tool that reads its arguments with `read_arguments` and always answers with a view or an error of ours."""

    _clean: Cleaner = PrivateAttr(default_factory=Cleaner)
    _refusal: ServiceError | None = PrivateAttr(default=None)
    # By a factory: pydantic would bind a function that is the default itself, like a method.
    _notice: Callable[[], Awaitable[str]] = PrivateAttr(default_factory=lambda: no_notice)

    async def run(
        self,
        arguments: dict[str, Any],
        context: Context[Any, Any],
        convert_result: bool = False,  # noqa: ARG002 - the SDK's signature
    ) -> CallToolResult | InputRequiredResult:
        """Return the tool's answer, or its error as a failed result; only a protocol error (MCPError) is raised."""
        about = {"repo": _fact(arguments, "repo"), "build": _fact(arguments, "number")}
        with logs.request("tool", self.name, **about), self._clean.in_force():
            try:
                return await self._answer(arguments, context)
            except ServiceError as error:
                logs.set_outcome(error.code)
                # Where the token is unknown, something may be missing for that reason alone.
                notice = await self._notice() if isinstance(error, NotFound) else ""
                return failure(error, self._clean, notice)
            except MCPError:
                # The SDK answers it with a JSON-RPC error. It must not become a failed result below.
                raise
            except Exception:  # noqa: BLE001 - crash() logs it; its text must not leave
                return failure(crash(self.name), self._clean)

    async def _answer(
        self, arguments: dict[str, Any], context: Context[Any, Any]
    ) -> CallToolResult | InputRequiredResult:
        if self._refusal is not None:
            raise self._refusal
        values = read_arguments(self.name, self.fn_metadata.arg_model, self.parameters, arguments)  # type: ignore[arg-type]  # make_tool gave it an Arguments
        if self.context_kwarg is not None:
            values[self.context_kwarg] = context
        answer = await self.fn(**values)
        if isinstance(answer, InputRequiredResult):
            return answer
        return success(answer, self._clean, await self._notice())


def crash(name: str) -> Failure:
    """Log the current exception with its traceback, and return the error for the caller, who may see nothing of it."""
    logs.logger.exception("%s crashed", name)
    logs.set_outcome(Failure.code)
    number = logs.request_id()
    return Failure(f"{name} failed unexpectedly (request {number})", details={"request_id": number})


def _fact(arguments: dict[str, Any], name: str) -> str | int | None:
    value = arguments.get(name)
    return value if isinstance(value, int) else one_line(value, 120) if isinstance(value, str) else None
