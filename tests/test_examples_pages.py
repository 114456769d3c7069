"""Each tool of each installed server has an example; a test of the server makes its page (`support.examples`)."""

from __future__ import annotations

from pathlib import Path

import pytest

from drone_mcp_config.installation.reading import read_installation

pytestmark = pytest.mark.checkout

FOLDER = Path(__file__).parent.parent / "docs" / "examples"
INSTALLED = read_installation()


@pytest.mark.parametrize("server", INSTALLED)
def test_every_tool_has_an_example(server: str) -> None:
    file = FOLDER / f"{server}.md"
    page = file.read_text(encoding="utf-8") if file.exists() else ""
    without = [tool for tool in INSTALLED[server].tool_names if f"\n## `{tool}`\n" not in page]
    assert not without, f"call with hold_examples in a test of {server}: {', '.join(without)}"


def test_there_is_no_page_of_a_server_that_is_gone() -> None:
    assert {page.stem for page in FOLDER.iterdir()} <= INSTALLED.keys()
