"""The site of the pages: Sphinx reads them as they are (https://www.sphinx-doc.org/en/master/usage/configuration.html)."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from pygments.lexers.special import TextLexer
from sphinx.highlighting import lexers

if TYPE_CHECKING:
    from sphinx.application import Sphinx

project = "drone-mcp"
project_copyright = "drone-mcp maintainers"
extensions = ["myst_parser"]
include_patterns = ["README.md", "CONTRIBUTING.md", "SECURITY.md", "CHANGELOG.md", "docs/*.md", "docs/examples/*.md"]
root_doc = "docs/index"
html_theme = "furo"
html_title = "drone-mcp"
html_copy_source = False
myst_heading_anchors = 6  # links to headings, as on GitHub
# Blocks of JSON and of shell show placeholders that are no JSON and no shell.
suppress_warnings = ["misc.highlighting_failure"]
lexers["mermaid"] = TextLexer()  # shown as text: drawing it would need a script from elsewhere


def add_navigation(app: Sphinx, name: str, content: list[str]) -> None:
    """Make the menu of the links on the index and on the one of examples: pages on GitHub have no such thing."""
    if name in {app.config.root_doc, "docs/examples"}:
        linked = dict.fromkeys(re.findall(r"\]\(([\w./-]+\.md)[)#]", content[0]))
        content[0] += "\n".join(["\n```{toctree}", ":hidden:", *linked, "```\n"])


def setup(app: Sphinx) -> None:
    """Register what this file does."""
    app.connect("source-read", add_navigation)
