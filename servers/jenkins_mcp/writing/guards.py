"""Makes the guard of each Jenkins: the same rules and audit log, but a client, a token and notes of its own."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING, Any

from ci_mcp_kit.guard.errors import WritesDisabled
from ci_mcp_kit.guard.opening import open_guard
from ci_mcp_kit.notes.opening import SharedNotes
from jenkins_mcp.client.service_descriptor import JENKINS, WRITER
from jenkins_mcp.scope import JobScope
from jenkins_mcp.writing.tools import OPERATION_OF

if TYPE_CHECKING:
    from collections.abc import Callable

    from ci_mcp_http.call import Call
    from ci_mcp_kit.guard.guard import Guard
    from ci_mcp_kit.guard.protocols import Gate
    from jenkins_mcp.access import JenkinsAccess
    from jenkins_mcp.client.writer import JenkinsWriter
    from jenkins_mcp.settings import JenkinsInstance, JenkinsSettings


def make_guards(settings: JenkinsSettings, access: JenkinsAccess, clock: Callable[[], float]) -> dict[str, Guard]:
    """Return the guards by the name of their Jenkins; `access` closes them at its end."""
    limited = settings.guard.limit_to_tools(OPERATION_OF, settings.tools)
    guards = {}
    for instance in settings.instances:
        notes = SharedNotes(settings.state, f"{JENKINS.name} {instance.name}".rstrip(), instance.server)
        guard = open_guard(limited, access, notes, partial(connect_writer, instance), clock)
        guards[instance.name] = guard
    return guards


def connect_writer(instance: JenkinsInstance, gate: Gate) -> JenkinsWriter:
    """Return the client that may change a Jenkins: every call passes the scope and the gate.

    Raises:
        WritesDisabled: there is no token to change it with.
    """
    from jenkins_mcp.client.writer import JenkinsWriter  # noqa: PLC0415 - on first use, to start fast

    if not instance.may_be_changed:
        raise WritesDisabled(
            f"There is no token to change Jenkins {instance.name} with",
            next_step=f"The operator of this server can set {WRITER.token}, or writeToken of it in the file",
            service=JENKINS,
        )
    scope = JobScope(instance.jobs)

    def check(call: Call[Any]) -> None:
        scope.check(call)
        gate(call)

    return JenkinsWriter(instance.writer_options(), check)
