"""The JSON of answers, with every key that a real Coder sends, in its order where that shows. Pure."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any, Final

if TYPE_CHECKING:
    from coder_simulator.records import Agent, Build, Report, User, Workspace
    from coder_simulator.world import World

NOBODY: Final = "00000000-0000-0000-0000-000000000000"
MACHINE_SECRET: Final = "hidden-in-the-ui-only"  # noqa: S105 - what no client may show on
TIME_TO_LIVE: Final = 8 * 3600
APPLIED: Final = frozenset({"succeeded", "canceled"})


def moment(seconds: float | None) -> str | None:
    """Return a time as Go writes it."""
    if seconds is None:
        return None
    return datetime.fromtimestamp(seconds, UTC).isoformat(timespec="microseconds").replace("+00:00", "Z")


def without_none(**facts: Any) -> dict[str, Any]:
    """Return facts without those that Go leaves out (`omitempty`)."""
    return {key: value for key, value in facts.items() if value not in (None, "")}


def export_user(user: User, organization: str) -> dict[str, Any]:
    """Return a user."""
    role = [{"name": "owner", "display_name": "Owner"}] if user.is_owner else []
    return {
        "id": user.id,
        "username": user.name,
        "name": user.name.title(),
        "email": f"{user.name}@example.com",
        "created_at": moment(0),
        "updated_at": moment(0),
        "last_seen_at": moment(0),
        "status": "active",
        "login_type": "password",
        "organization_ids": [organization],
        "roles": role,
        "has_ai_seat": False,
    }


def export_report(report: Report) -> dict[str, Any]:
    """Return a report of an agent."""
    return {
        "id": report.id,
        "created_at": moment(report.created),
        "workspace_id": report.app,
        "agent_id": report.agent,
        "app_id": report.app,
        "state": report.state,
        "message": report.message,
        "uri": report.uri,
        "icon": "",
        "needs_user_attention": False,
    }


def export_app(agent: Agent, slug: str, now: float) -> dict[str, Any]:
    """Return an application; that of a lost agent stays healthy."""
    is_ai = slug == "ai"
    check = {"url": "http://127.0.0.1:3300/status", "interval": 5, "threshold": 6}
    is_up = agent.ready is not None and now - agent.ready >= check["interval"]  # type: ignore[operator]  # a number
    return {
        "id": agent.id,
        "url": "http://127.0.0.1:3300" if is_ai else "https://example.com/run",
        "external": not is_ai,
        "slug": slug,
        "display_name": "Agent" if is_ai else "This run",
        "subdomain": False,
        "sharing_level": "owner",
        "healthcheck": check if is_ai else {"url": "", "interval": 0, "threshold": 0},
        "health": ("healthy" if is_up else "initializing") if is_ai else "disabled",
        "hidden": False,
        "open_in": "slim-window",
        "statuses": [export_report(report) for report in agent.reports if report.slug == slug],
    }


def export_agent(workspace: Workspace, build: Build, agent: Agent, now: float) -> dict[str, Any]:
    """Return the agent of a build, with what no client should show on: its environment and scripts."""
    status = agent.status(now)
    reason = {"disconnected": "agent has lost connection", "timeout": "agent is taking too long to connect"}
    has_connected = agent.connected is not None
    health = {"healthy": True} if status == "connected" else {"healthy": False, "reason": reason.get(status, status)}
    folder = f"/home/coder/{workspace.id}"
    times = without_none(
        first_connected_at=moment(agent.connected),
        last_connected_at=moment(agent.connected),
        disconnected_at=moment(agent.lost),
        started_at=moment(agent.connected),
        ready_at=moment(agent.ready),
        expanded_directory=folder if has_connected else "",
    )
    source = {"workspace_agent_id": agent.id, "id": agent.id, "created_at": moment(agent.created)}
    script = {
        "id": agent.id,
        "log_source_id": agent.id,
        "log_path": "coder-startup-script.log",
        "script": f"start-agent --role {build.values.get('role', '')}",
        "cron": "",
        "run_on_start": True,
        "run_on_stop": False,
        "start_blocks_login": False,
        "timeout": 0,
        "display_name": "Startup Script",
        **({"exit_code": 0, "status": "ok"} if agent.ready else {}),
    }
    return {
        "id": agent.id,
        "parent_id": None,
        "created_at": moment(agent.created),
        "updated_at": moment(agent.created),
        **times,
        "status": status,
        "lifecycle_state": agent.lifecycle,
        "name": "main",
        "resource_id": build.id,
        "architecture": "amd64",
        "environment_variables": {"AGENT_ROLE": build.values.get("role", "")},
        "operating_system": "linux",
        "logs_length": 0,
        "logs_overflowed": False,
        "directory": folder,
        "version": "v2.36.0" if has_connected else "",
        "api_version": "2.10" if has_connected else "",
        "apps": [export_app(agent, slug, now) for slug in ("ai", "run")],
        "connection_timeout_seconds": 120,
        "troubleshooting_url": "https://coder.com/docs/admin/templates/troubleshooting",
        "subsystems": [],
        "health": health,
        "display_apps": ["vscode", "ssh_helper", "port_forwarding_helper", "web_terminal"],
        "log_sources": [{**source, "display_name": "Startup Script", "icon": "/emojis/25b6-fe0f.png"}],
        "scripts": [script],
        "startup_script_behavior": "non-blocking",
    }


def export_resources(workspace: Workspace, build: Build, now: float) -> list[dict[str, Any]]:
    """Return the resources of a build: none of a deletion or failure, and agents of the newest build only."""
    if build.job not in APPLIED or build.transition == "delete":
        return []
    common = {
        "id": build.id,
        "created_at": moment(build.completed),
        "job_id": build.id,
        "workspace_transition": build.transition,
        "hide": False,
        "icon": "",
    }
    shown = [
        {"key": parameter.shown_as, "value": build.values.get(parameter.name, ""), "sensitive": False}
        for parameter in workspace.template.parameters
        if parameter.shown_as
    ]
    home = {**common, "type": "terraform_data", "name": "home", "metadata": shown, "daily_cost": 0}
    if build.transition == "stop":
        return [home]
    machine = {
        **common,
        "type": "terraform_data",
        "name": "machine",
        "metadata": [
            {"key": "image", "value": "none", "sensitive": False},
            {"key": "secret", "value": MACHINE_SECRET, "sensitive": True},
        ],
        "daily_cost": 10,
    }
    if build is workspace.latest and build.agent is not None:
        machine["agents"] = [export_agent(workspace, build, build.agent, now)]
    task = {**common, "type": "coder_ai_task", "name": "task", "daily_cost": 0}
    return [machine, home, task]


def export_build(world: World, workspace: Workspace, build: Build) -> dict[str, Any]:
    """Return a build."""
    template = workspace.template
    deadline = moment(build.completed + TIME_TO_LIVE) if build.completed and build.job in APPLIED else None
    job = {
        "id": build.id,
        "created_at": moment(build.created),
        **without_none(
            started_at=moment(build.started),
            completed_at=moment(build.completed),
            canceled_at=moment(build.canceled),
            error=build.error,
        ),
        "status": build.job,
        **({"worker_id": world.organization} if build.started else {}),
        "file_id": template.version,
        "tags": {"owner": "", "scope": "organization"},
        "queue_position": 0,
        "queue_size": 0,
        "organization_id": world.organization,
        "initiator_id": build.initiator.id,
        "input": {"workspace_build_id": build.id},
        "type": "workspace_build",
        "metadata": {
            "template_version_name": "",
            "template_id": NOBODY,
            "template_name": "",
            "template_display_name": "",
            "template_icon": "",
        },
        "logs_overflowed": False,
    }
    return {
        "id": build.id,
        "created_at": moment(build.created),
        "updated_at": moment(build.completed or build.created),
        "workspace_id": workspace.id,
        "workspace_name": workspace.name,
        "workspace_owner_id": workspace.owner.id,
        "workspace_owner_name": workspace.owner.name,
        "template_version_id": template.version,
        "template_version_name": "v1" if build.started else "",
        "build_number": build.number,
        "transition": build.transition,
        "initiator_id": build.initiator.id,
        "initiator_name": build.initiator.name,
        "job": job,
        "reason": "initiator",
        "resources": export_resources(workspace, build, world.now()),
        "deadline": deadline,
        "max_deadline": None,
        "status": build.status,
        "daily_cost": 0,
        "matched_provisioners": {"count": 2, "available": 2, "most_recently_seen": moment(world.now())},
        "template_version_preset_id": None,
        **({"has_ai_task": False, "has_external_agent": False} if build.job in APPLIED else {}),
    }


def export_workspace(world: World, workspace: Workspace) -> dict[str, Any]:
    """Return a workspace. Its health and report stay as they were when it stops."""
    template, agent = workspace.template, workspace.agent
    failing = [agent.id] if agent is not None and agent.status(world.now()) != "connected" else []
    return {
        "id": workspace.id,
        "created_at": moment(workspace.created),
        "updated_at": moment(workspace.created),
        "owner_id": workspace.owner.id,
        "owner_name": workspace.owner.name,
        "owner_avatar_url": "",
        "organization_id": world.organization,
        "organization_name": "coder",
        "template_id": template.id,
        "template_name": template.name,
        "template_display_name": template.display_name,
        "template_icon": "",
        "template_allow_user_cancel_workspace_jobs": False,
        "template_active_version_id": template.version,
        "template_require_active_version": False,
        "template_use_classic_parameter_flow": False,
        "latest_build": export_build(world, workspace, workspace.latest),
        "latest_app_status": export_report(workspace.last_report) if workspace.last_report else None,
        "outdated": False,
        "name": workspace.name,
        "ttl_ms": TIME_TO_LIVE * 1000,
        "last_used_at": moment(workspace.created),
        "deleting_at": None,
        "dormant_at": moment(workspace.dormant),
        "health": {"healthy": not failing, "failing_agents": failing},
        "automatic_updates": "never",
        "allow_renames": False,
        "favorite": False,
        "next_start_at": None,
        "is_prebuild": False,
        "task_id": None,
    }
