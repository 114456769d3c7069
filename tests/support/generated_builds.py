"""Snapshots as no Drone would send them: every rule must hold for these as well.

Only the numbers are unique as in Drone, whose tables demand it.
"""

from __future__ import annotations

from hypothesis import strategies as st

from drone_mcp_client.models import Build, Stage, Step

STATUSES = [
    "pending", "running", "blocked", "waiting_on_dependencies", "success", "failure", "killed", "skipped", "declined",
    "error", "from a later release",
]  # fmt: skip
statuses = st.sampled_from(STATUSES)
versions = st.integers(0, 3)
numbers = st.integers(1, 3)
texts = st.sampled_from(["", "a", "b"])

steps = st.builds(Step, number=numbers, name=texts, status=statuses, version=versions, error=texts)
stages = st.builds(
    Stage,
    number=numbers,
    name=texts,
    status=statuses,
    version=versions,
    error=texts,
    steps=st.lists(steps, max_size=3, unique_by=lambda step: step.number).map(tuple),
)
builds = st.builds(
    Build,
    id=st.integers(1, 2),
    number=st.just(1),
    created=st.sampled_from([100, 200]),
    status=statuses,
    version=versions,
    error=texts,
    stages=st.lists(stages, max_size=3, unique_by=lambda stage: stage.number).map(tuple),
)
