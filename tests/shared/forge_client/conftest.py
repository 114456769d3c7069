from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
import respx

from support.forge_client import SERVER, Clock

if TYPE_CHECKING:
    from collections.abc import Iterator


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def forge() -> Iterator[respx.MockRouter]:
    """A forge that is only a table of answers; a request that is not in it fails the test."""
    with respx.mock(base_url=SERVER, assert_all_called=False) as router:
        yield router
