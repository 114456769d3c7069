"""The figures of docs/comparison.md are those of the simulated Drone; UPDATE_SNAPSHOTS=1 rewrites them."""

from __future__ import annotations

import itertools
import re
from pathlib import Path

import pytest
from mcp import Client

from drone_mcp_logs.server import create
from drone_mcp_logs.settings import LogSettings
from pages.cost import cost_table
from pages.markdown import splice
from support.simulator import running_simulator
from support.snapshots import hold

pytestmark = pytest.mark.checkout

PAGE = Path(__file__).parent.parent / "docs" / "comparison.md"


async def test_the_costs_of_an_answer_are_measured_and_a_diagnosis_is_the_smallest() -> None:
    async with running_simulator("demo", socket=True) as drone:
        settings = LogSettings.from_environment({"DRONE_SERVER": drone.url, "DRONE_TOKEN": drone.admin_token})
        async with Client(create(settings)) as client:
            made = await cost_table(drone.url, drone.admin_token, client)
    raw, plain, *cuts, diagnosis, small = figures(made)
    assert raw > plain > max(cuts) > min(cuts) > 4 * diagnosis
    assert plain > 10 * diagnosis
    assert small <= 400 < diagnosis
    assert re.findall(r"\| (yes|no) \|", made) == ["yes", "yes", "no", "no", "yes", "yes", "yes"]
    page = PAGE.read_text(encoding="utf-8")
    # Times and ids differ from run to run, and with them the tokens by less than a hundredth.
    if any(abs(new - old) > old / 20 for new, old in itertools.zip_longest(figures(made), figures(page), fillvalue=0)):
        hold(PAGE, splice(page, "cost", made))


def figures(text: str) -> list[int]:
    """Return the tokens in the last column of the table."""
    return [int(count.replace(",", "")) for count in re.findall(r"\| ([\d,]+) \|$", text, re.MULTILINE)]
