"""The tables of pages are made from the product; a stale one fails. UPDATE_SNAPSHOTS=1 rewrites them."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from pages.markdown import splice
from pages.readme import with_tables
from support.snapshots import hold

pytestmark = pytest.mark.checkout

ROOT = Path(__file__).parent.parent
README = ROOT / "README.md"


@pytest.mark.parametrize(
    ("page", "tables"),
    [
        ("README.md", {"servers"}),
        ("docs/examples.md", {"examples"}),
        ("docs/roles.md", {"roles"}),
        ("docs/settings.md", {"settings", "action-settings"}),
        ("docs/architecture.md", {"packages"}),
        ("docs/support.md", {"support"}),
    ],
)
def test_the_tables_of_a_page_are_those_of_the_product(page: str, tables: set[str]) -> None:
    text = (ROOT / page).read_text(encoding="utf-8")
    assert set(re.findall(r"<!-- ([\w-]+): begin -->", text)) == tables
    hold(ROOT / page, with_tables(text))


def test_a_page_without_a_place_for_a_table_is_refused() -> None:
    with pytest.raises(ValueError, match="no place for tools"):
        splice("# A page", "tools", "| a table |")


def test_the_readme_shows_the_two_commands_and_no_other_script() -> None:
    assert re.findall(r"scripts/\S+", README.read_text(encoding="utf-8")) == ["scripts/demo", "scripts/test"]


PAGES = [
    "README.md",
    "CONTRIBUTING.md",
    "SECURITY.md",
    *sorted(f"docs/{page.name}" for page in (ROOT / "docs").glob("*.md")),
]


@pytest.mark.parametrize("page", PAGES)
def test_every_path_that_a_page_names_exists(page: str) -> None:
    text = (ROOT / page).read_text(encoding="utf-8")
    named = re.findall(r"`((?:servers|shared|entrypoint|tests|docs|scripts|benchmarks|roles)/[\w./-]+)`", text)
    linked = [link for link in re.findall(r"\]\(([^)#:]+)\)", text) if not link.startswith("http")]
    missing = [path for path in named if not (ROOT / path).exists()]
    missing += [link for link in linked if not ((ROOT / page).parent / link).exists()]
    assert missing == []


def anchors(page: Path) -> set[str]:
    """Return the anchors of a page's headings, as GitHub makes them."""
    headings = re.findall(r"^#+ (.+)$", page.read_text(encoding="utf-8"), re.MULTILINE)
    return {re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-") for heading in headings}


@pytest.mark.parametrize("page", PAGES)
def test_every_link_to_a_heading_leads_to_one(page: str) -> None:
    text = (ROOT / page).read_text(encoding="utf-8")
    links = re.findall(r"\]\(([^)\s#:]*)#([^)\s]+)\)", text)
    here = ROOT / page
    dead = [link for link in links if link[1] not in anchors(here.parent / link[0] if link[0] else here)]
    assert dead == []


def test_every_page_is_in_the_index() -> None:
    index = (ROOT / "docs" / "index.md").read_text(encoding="utf-8")
    linked = {link.partition("#")[0] for link in re.findall(r"\]\(([^)]+)\)", index)}
    assert {page.name for page in (ROOT / "docs").glob("*.md")} - linked == {"index.md"}


def test_every_term_in_code_that_the_glossary_names_is_in_the_sources() -> None:
    page = (ROOT / "docs" / "glossary.md").read_text(encoding="utf-8")
    named = set(re.findall(r"`([A-Za-z][\w.]+)`", page))
    assert len(named) > 10
    sources = [path for layer in ("servers", "shared", "entrypoint") for path in (ROOT / layer).rglob("*")]
    texts = [path.read_text(encoding="utf-8") for path in sources if path.suffix in {".py", ".json"}]
    known = {*re.findall(r"[\w.]+", "\n".join(texts)), *(path.name for path in sources)}
    assert named - known == set()


def test_every_script_has_a_row_that_says_how_long_it_takes() -> None:
    rows = re.findall(
        r"^\| `scripts/([\w-]+)[^`]*` \| .+ \| (.+) \|$", (ROOT / "CONTRIBUTING.md").read_text("utf-8"), re.MULTILINE
    )
    scripts = {path.name for path in (ROOT / "scripts").iterdir() if path.is_file() and not path.suffix}
    assert {name for name, _ in rows} == scripts
