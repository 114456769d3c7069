"""The static site: it has every page, loads nothing from elsewhere, and a link that leads nowhere stops it."""

from __future__ import annotations

import re
import shutil
import subprocess
from pathlib import Path

import pytest

from installation.conftest import PATIENCE

pytestmark = pytest.mark.checkout

ROOT = Path(__file__).parents[2]


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("site")
    done = subprocess.run(
        [ROOT / "scripts" / "site", folder], capture_output=True, text=True, check=False, timeout=PATIENCE
    )
    assert done.returncode == 0, done.stderr
    return folder


def test_every_page_is_there_and_in_the_menu(site: Path) -> None:
    menu = (site / "docs" / "index.html").read_text(encoding="utf-8")
    for page in (ROOT / "docs").glob("*.md"):
        assert (site / "docs" / f"{page.stem}.html").exists()
        assert page.stem == "index" or f'href="{page.stem}.html"' in menu
    assert (site / "README.html").exists()


def test_pictures_are_there_and_no_page_loads_anything_from_elsewhere(site: Path) -> None:
    assert {path.name for path in (site / "_images").iterdir()} >= {"diagnose.svg", "wait.svg", "status.png"}
    for page in site.rglob("*.html"):
        loaded = re.findall(r"<(?:script|img|iframe)[^>]* src=\"([^\"]+)\"", page.read_text(encoding="utf-8"))
        loaded += re.findall(r"<link[^>]* rel=\"stylesheet\"[^>]* href=\"([^\"]+)\"", page.read_text(encoding="utf-8"))
        assert [address for address in loaded if re.match(r"(?:https?:)?//", address)] == []


@pytest.mark.usefixtures("site")  # makes the environment
@pytest.mark.parametrize("link", ["nowhere.md", "roles.md#nothing", "pictures/nothing.svg"])
def test_a_link_that_leads_nowhere_is_an_error(tmp_path: Path, link: str) -> None:
    shutil.copytree(ROOT / "docs" / "site", tmp_path / "docs" / "site")
    (tmp_path / "docs" / "index.md").write_text(f"# Pages\n\n[Roles](roles.md), [dead]({link})\n", encoding="utf-8")
    (tmp_path / "docs" / "roles.md").write_text("# Roles\n", encoding="utf-8")
    command = [str(ROOT / ".cache" / "site" / "bin" / "sphinx-build"), "--quiet", "--fail-on-warning"]
    done = subprocess.run(
        [*command, "--conf-dir", "docs/site", ".", "out"],
        cwd=tmp_path,
        capture_output=True,
        text=True,
        check=False,
        timeout=PATIENCE,
    )
    assert done.returncode == 1
    assert link.rpartition("#")[2] in done.stderr
