"""The commands that run agents: `agent` in a container, `pod` for a cluster."""

import sys
from typing import Annotated

import typer

from drone_mcp_config.agents.committing import Author
from drone_mcp_config.agents.delivery import PUSH_SECONDS, Delivery
from drone_mcp_config.agents.kubernetes_pod import SETUP_SECONDS
from drone_mcp_config.agents.prepared_run import Assignment
from drone_mcp_config.cli.options import CLIENT_NAMES, Ceiling, RoleName, RolesDir, With, read_delegation
from drone_mcp_config.clients.formats import ClientName
from drone_mcp_config.drone.options import AgentRepo
from drone_mcp_config.errors import UserError

Command = Annotated[
    list[str] | None, typer.Argument(metavar="-- COMMAND...", help="The agent, like: claude -p 'Fix the build'")
]
Client = Annotated[
    ClientName, typer.Option("--client", metavar="CLIENT", help=f"MCP client that the command is: {CLIENT_NAMES}.")
]
Branch = Annotated[
    str | None, typer.Option("--branch", envvar="BRANCH", metavar="BRANCH", help="The branch that its work goes to.")
]
Session = Annotated[
    str | None,
    typer.Option("--session", envvar="SESSION_ID", metavar="NAME", help="Name of this run in logs and commits."),
]
Url = Annotated[
    str | None, typer.Option("--url", metavar="URL", help="Use the role served at this address, and start no servers.")
]
Push = Annotated[
    bool, typer.Option("--push", help="At the end, commit the remaining changes and push them to the branch.")
]
PushProtected = Annotated[
    bool,
    typer.Option(
        "--push-protected", help="Push even to main, master, trunk, develop, release* or the remote's default."
    ),
]
PushSeconds = Annotated[
    float, typer.Option("--push-seconds", min=1, metavar="SECONDS", help="Time limit for commit and push.")
]
SetupSeconds = Annotated[
    float, typer.Option("--setup-seconds", min=1, metavar="SECONDS", help="Time limit for the set-up.")
]
MadeUpSecrets = Annotated[
    list[str] | None,
    typer.Option("--made-up-secrets", metavar="GLOB", help="Files whose text may look like a secret, like 'tests/*'."),
]
Quantity = typer.Option(metavar="QUANTITY", help="Resource limit of the pod.")


def agent(
    context: typer.Context,
    command: Command = None,
    role: RoleName = None,
    servers: With = None,
    ceiling: Ceiling = None,
    client: Client = "claude",
    repo: AgentRepo = None,
    session: Session = None,
    branch: Branch = None,
    url: Url = None,
    setup: Annotated[bool, typer.Option("--setup", help="Run the role's set-up commands first.")] = False,
    setup_seconds: SetupSeconds = SETUP_SECONDS,
    push: Push = False,
    push_protected: PushProtected = False,
    push_seconds: PushSeconds = PUSH_SECONDS,
    made_up_secrets: MadeUpSecrets = None,
    remote: Annotated[str, typer.Option("--remote", metavar="NAME", help="Git remote to push to.")] = "origin",
    git_name: Annotated[str | None, typer.Option("--git-name", metavar="NAME", help="Author's name.")] = None,
    git_email: Annotated[str | None, typer.Option("--git-email", metavar="ADDRESS", help="Author's email.")] = None,
    roles_dir: RolesDir = None,
) -> None:
    """Run an agent with the servers of its role: what the container of an agent runs.

    Writes the configuration to a private file, sees that the servers start, runs the command with it, passes signals
    on, and removes the file. Claude Code gets it by --mcp-config, others by what they take; any command finds its path
    in DRONE_MCP_CONFIG, or where it has the word {config}.

    Exit codes: the command's own (128 and the signal's number if one ended it) · 2 wrong usage · 69 Drone, a server,
    the set-up or git does not work · 75 the command succeeded, and not all of its work was pushed · 126, 127 the
    command cannot be run.
    """
    if sys.platform != "linux":
        raise UserError(
            "Agents are run like this on Linux, in containers. Here, write the configuration of your client with "
            "drone-mcp-config --role NAME, and start it."
        )
    from drone_mcp_config.commands import agent as agent_command  # noqa: PLC0415 - other systems lack its signals

    who = Assignment(role or "", client, repo or "", session or "", branch or "", url or "")
    identity = {
        f"GIT_{part}_{what}": value
        for what, value in (("NAME", git_name), ("EMAIL", git_email))
        for part in ("AUTHOR", "COMMITTER")
        if value
    }
    author, made_up = Author(who.role, who.session), tuple(made_up_secrets or ())
    delivery = Delivery(who.branch, author, remote, push_protected, push_seconds, made_up)
    agent_command.run(
        who,
        command or [],
        read_delegation(context, servers, ceiling),
        roles_dir=roles_dir,
        setup=setup,
        setup_seconds=setup_seconds,
        # A user who allows a protected branch wants a push: one option is enough.
        delivery=delivery if push or push_protected else None,
        identity=identity,
    )


def pod(
    context: typer.Context,
    command: Command = None,
    role: RoleName = None,
    servers: With = None,
    ceiling: Ceiling = None,
    repo: AgentRepo = None,
    branch: Branch = None,
    base: Annotated[
        str | None,
        typer.Option("--from", metavar="BRANCH", help="Start from this branch, if the agent's does not exist."),
    ] = None,
    session: Session = None,
    client: Client = "claude",
    url: Url = None,
    push: Annotated[bool, typer.Option("--push/--no-push", help="Push the remaining changes at the end.")] = True,
    image: Annotated[
        str | None, typer.Option("--image", metavar="IMAGE", help="Image of the pod; default: the role's.")
    ] = None,
    secret_env: Annotated[
        list[str] | None,
        typer.Option("--secret-env", metavar="NAME", help="Also give the agent this variable of the Secret."),
    ] = None,
    settings: Annotated[
        str,
        typer.Option("--settings", metavar="NAME", help="Name of the Secret with the tokens and of the ConfigMap."),
    ] = "drone-mcp-agent",
    roles_config_map: Annotated[
        str | None, typer.Option("--roles-config-map", metavar="NAME", help="A ConfigMap with role files.")
    ] = None,
    cpu: Annotated[str, Quantity] = "2",
    memory: Annotated[str, Quantity] = "4Gi",
    roles_dir: RolesDir = None,
) -> None:
    """Print the pod of an agent as YAML, for kubectl apply -f -.

    It clones the repository, runs the role's set-up, and runs the agent with `drone-mcp-config agent`; without a
    command it can be attached to, and without a session it gets one. The ConfigMap has GIT_SERVER and DRONE_SERVER;
    the Secret has GIT_TOKEN and the role's tokens (DRONE_TOKEN), or with --url DRONE_MCP_HTTP_TOKEN.
    """
    from drone_mcp_config.commands import pod as pod_command  # noqa: PLC0415 - few need it

    options = pod_command.PodOptions(
        role=role,
        delegation=read_delegation(context, servers, ceiling),
        repo=repo,
        branch=branch,
        base=base,
        session=session,
        client=client,
        url=url,
        push=push,
        image=image,
        secret_env=secret_env or [],
        settings=settings,
        roles_config_map=roles_config_map,
        cpu=cpu,
        memory=memory,
    )
    pod_command.run(options, command or [], roles_dir)
