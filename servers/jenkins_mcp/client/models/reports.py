"""The reports of plugins: tests (junit); stages, sizes of artifacts and pending questions (pipeline-rest-api)."""

from __future__ import annotations

from jenkins_mcp.client.models.base import JenkinsModel, Many, Text, Thing


class TestCase(JenkinsModel):
    """One test of a report; `age` counts the builds since it fails, `duration` is in seconds."""

    __test__ = False  # for pytest

    class_name: Text = ""
    name: Text = ""
    status: Text = ""
    age: int = 0
    failed_since: int = 0
    duration: float = 0.0
    error_details: Text = ""
    error_stack_trace: Text = ""
    skipped_message: Text = ""


class TestSuite(JenkinsModel):
    """The tests of one file."""

    __test__ = False  # for pytest

    name: Text = ""
    cases: Many[TestCase] = ()


class TestReport(Thing):
    """The tests of a build; `duration` is in seconds."""

    __test__ = False  # for pytest

    fail_count: int = 0
    pass_count: int = 0
    skip_count: int = 0
    duration: float = 0.0
    suites: Many[TestSuite] = ()


class StageError(JenkinsModel):
    """Why a stage failed; `type` is the name of a Java exception."""

    message: Text = ""
    type: Text = ""


class Stage(JenkinsModel):
    """A stage of a pipeline (stage view plugin).

    `status` has words of its own: SUCCESS, FAILED, UNSTABLE, ABORTED, IN_PROGRESS, PAUSED_PENDING_INPUT, NOT_EXECUTED.
    """

    id: str
    name: Text = ""
    status: Text = ""
    error: StageError | None = None
    start_time_millis: int = 0
    duration_millis: int = 0
    pause_duration_millis: int = 0


class StageStep(Stage):
    """A step of a stage; `parameter_description` is what it was given, like the first line of a script."""

    parameter_description: Text = ""
    parent_nodes: Many[str] = ()


class Stages(JenkinsModel):
    """The stages of a build, flat, in the order in which they began."""

    id: str = ""
    status: Text = ""
    stages: Many[Stage] = ()


class StageDetails(Stage):
    """A stage with its steps."""

    stage_flow_nodes: Many[StageStep] = ()


class StoredArtifact(JenkinsModel):
    """An artifact as the stage view plugin lists it: `path` is encoded, `size` in bytes."""

    name: str
    path: str
    size: int = 0


class PendingInput(JenkinsModel):
    """A question at which a pipeline waits for a person."""

    id: str
    message: Text = ""
    proceed_text: Text = ""
