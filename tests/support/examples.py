"""The pages of examples: tools called as an agent calls them, and their answers held against docs/examples.

    await hold_examples("jenkins", client, {"jenkins_list_jobs": {"recursive": True}})

The tools are called in the order given and shown in that of the server. Nothing on a page may depend on chance: take
the fixture `same_marks` where an answer has marks around a log, and a clock that stands still.
"""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import TYPE_CHECKING, Any

from drone_mcp_config.installation.reading import read_installation
from support.snapshots import hold

if TYPE_CHECKING:
    from collections.abc import Mapping

    from mcp import Client

FOLDER = Path(__file__).parents[2] / "docs" / "examples"
WIDTH = 110  # of a line, where an object or a list fits on it
MOST_ITEMS, MOST_TEXT = 5, 500
FIRST_LINES, LAST_LINES = 18, 8
OF_THIS_RUN = (
    (re.compile(r"\b127\.0\.0\.1:\d+"), "ci.example.com"),
    (re.compile(r'"pid": "\d+"'), '"pid": "1"'),
)

HEAD = """\
# Examples: {server}

An answer of each tool of [{server}](../tools.md#{server}). `…` stands for what this page leaves out.
"""
SECTION = """\
## `{tool}`

```json
{arguments}
```

answers

{answer}
"""


async def hold_examples(server: str, client: Client, calls: Mapping[str, Mapping[str, Any]]) -> None:
    """Call the tools of a server, and hold their answers against its page; `calls` has the arguments of each."""
    texts = {tool: await _call(client, tool, arguments) for tool, arguments in calls.items()}
    manifest = read_installation()[server]
    sections = [
        SECTION.format(tool=tool, arguments=written(calls[tool]), answer=fenced(texts[tool]))
        for tool in manifest.tool_names
        if tool in calls
    ]
    page = "\n".join([HEAD.format(server=manifest.server), *sections])
    for pattern, text in OF_THIS_RUN:
        page = pattern.sub(text, page)
    hold(FOLDER / f"{server}.md", page)


async def _call(client: Client, tool: str, arguments: Mapping[str, Any]) -> str:
    result: Any = await client.call_tool(tool, dict(arguments))
    text = str(result.content[0].text)
    assert not result.is_error, f"{tool}: {text}"
    return text


def fenced(text: str) -> str:
    """Write an answer as a block: JSON so that it can be read, other text as it is."""
    try:
        return f"```json\n{written(shortened(json.loads(text)))}\n```"
    except ValueError:
        lines = text.splitlines()
        if len(lines) > FIRST_LINES + LAST_LINES:
            lines = [*lines[:FIRST_LINES], "…", *lines[-LAST_LINES:]]
        return "\n".join(["```text", *lines, "```"])


def shortened(value: Any) -> Any:
    """Leave out the rest of long texts and lists, and say so."""
    match value:
        case dict():
            return {name: shortened(item) for name, item in value.items()}
        case list() if len(value) > MOST_ITEMS:
            return [*map(shortened, value[:MOST_ITEMS]), f"… {len(value) - MOST_ITEMS} more"]
        case list():
            return [shortened(item) for item in value]
        case str() if len(value) > MOST_TEXT:
            return f"{value[:MOST_TEXT]}…"
    return value


def written(value: Any, indent: str = "") -> str:
    """Write JSON, an object or a list on one line where it fits."""
    flat = json.dumps(value, ensure_ascii=False)
    inner = indent + "  "
    if len(indent) + len(flat) <= WIDTH or not isinstance(value, dict | list):
        return flat
    if isinstance(value, dict):
        rows = [f"{json.dumps(name)}: {written(item, inner)}" for name, item in value.items()]
        return "{\n" + ",\n".join(inner + row for row in rows) + f"\n{indent}}}"
    return "[\n" + ",\n".join(inner + written(item, inner) for item in value) + f"\n{indent}]"
