from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from ci_mcp_kit.secret_files import LARGEST, read_secret

if TYPE_CHECKING:
    from pathlib import Path


@pytest.mark.parametrize("text", ["secret", " secret\n", "a secret with spaces"])
def test_a_file_gives_what_it_holds_even_where_that_is_no_usable_token(tmp_path: Path, text: str) -> None:
    file = tmp_path / "token"
    file.write_text(text)
    assert read_secret(file) == text.strip()


@pytest.mark.parametrize("text", ["", " \n", "geheim-ü", "x" * (LARGEST + 1)])
def test_a_file_that_can_hold_no_secret_gives_none(tmp_path: Path, text: str) -> None:
    file = tmp_path / "token"
    file.write_text(text, encoding="utf-8")
    assert read_secret(file) is None


def test_a_file_that_is_gone_or_a_folder_gives_none(tmp_path: Path) -> None:
    assert read_secret(tmp_path / "gone") is read_secret(tmp_path) is None
