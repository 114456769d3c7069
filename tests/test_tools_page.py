"""`docs/tools.md` is made from the tools."""

from __future__ import annotations

from pathlib import Path

import pytest

from pages.tools import shape, tools_page
from support.snapshots import hold

pytestmark = pytest.mark.checkout

PAGE = Path(__file__).parent.parent / "docs" / "tools.md"


def test_the_page_of_tools_is_that_of_the_product() -> None:
    hold(PAGE, tools_page())


def test_a_schema_is_written_as_a_reader_thinks_of_it() -> None:
    name = {"type": "string", "description": "who it is"}
    properties = {"name": name, "tags": {"type": "array", "items": {"enum": ["a", "b"]}}, "more": {}}
    written = shape({"properties": properties, "required": ["name"]})
    assert written == '{\n  name: string  // who it is\n  tags?: ["a" | "b"]\n  more?: any\n}'
