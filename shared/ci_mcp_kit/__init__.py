'''What every MCP server of this toolkit does alike.

A server is its tools, its views and one `create`. Here one that asks Drone (`drone_mcp_build`, `drone_mcp_known`):

    """server.py"""
    SPEC = ServerSpec(
        name="drone-builds",                    # as in a client's configuration
        title="Drone builds",
        description="Which builds there are and how they stand.",
        instructions="Use this for CI builds, pipelines, … (search keywords)",
        package="drone_mcp_builds",
        command="drone-mcp-builds",
        settings=Settings,                      # of drone_mcp_build; left out, the server asks no service
    )

    def create(settings: Settings) -> MCPServer[Any]:
        access = DroneAccess(settings)
        return build_server(SPEC, settings, access, BuildTools(access), BuildResources(access), complete=...)

    def main(opening: Opening | None = None) -> None:
        run(SPEC, create, opening)

    """__main__.py"""                           # imports nothing heavy: the front answers first
    def main() -> None:
        start("drone_mcp_builds", read_drone)

    """views.py"""
    class BuildView(View):                      # None is left out, and what is empty where it has a default
        number: int
        status: str
        branch: str = ""
        stages: tuple[StageView, ...] = ()

    """tools.py"""
    class BuildTools:
        def __init__(self, access: DroneAccess) -> None:
            self.access = access

        @tool(title="Get one build", schema="build/1")
        async def drone_get_build(
            self,
            number: Annotated[int, Field(description="Build number, 1 or more", ge=1)],
            repo: Annotated[str | None, Field(description="owner/name; may be left out in its clone")] = None,
        ) -> BuildView:
            """How one build stands: stages, steps, what failed first."""
            slug = self.access.resolve_repo(repo)
            drone = await self.access.client()
            return build_view(await drone.build(slug, number))

    """resources.py"""
    class BuildResources:
        @resource("drone://repo/{owner}/{repo}/latest", name="latest_build", title="Newest build")
        async def latest(self, owner: str, repo: str) -> BuildView:
            """The newest build of the default branch."""

A tool only raises errors of the `ServiceError` family (ci_mcp_kit.errors); each becomes a failed result in the one
shape of errors. Anything else is a bug: it becomes INTERNAL_ERROR with a number that is in the log, too, next to the
traceback.
What a tool returns is sanitised and redacted on its way out. A server that cuts a piece out of a log passes the whole
log through `access.clean.text` before it cuts: half a private key does not look like one.

Modules:
    errors     ServiceError and its family; Service: what errors say of the service behind a server
    variables  Variable, SettingsError, PROCESS_VARIABLES: text -> values; standard library only
    settings   ProcessSettings: what every process reads; a service's settings derive from it
    app        ServerSpec, Access (what a server needs of its way to a service), build_server, run
    tools      @tool, make_tool
    resources  @resource, @prompt
    offer      what a server offers by name, and the protocol error for everything else
    answer     View, success, failure, view_data, to_json
    tokens     count_tokens: what a text costs a model, estimated
    manifest   manifest(spec, server): what the server offers, as the generated manifest.json holds it
    front      the start of a server process; pipes: its input and output; unready: what a wrong environment says
    cleaning   Cleaner: text(str), value(json); from sanitize (sanitize, one_line) and redact (Redactor)
    logs       note(repo=…, build=…): facts for the log records of this request
    arguments, schemas, serving, gitremote: inner parts
'''
