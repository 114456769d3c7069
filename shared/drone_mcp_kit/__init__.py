'''What every MCP server of this toolkit does alike.

A server is its tools, its views and one `create`:

    """server.py"""
    SPEC = ServerSpec(
        name="drone-builds",                    # as in a client's configuration
        title="Drone builds",
        description="Which builds there are and how they stand.",
        instructions="Use this for CI builds, pipelines, … (search keywords)",
        package="drone_mcp_builds",
        command="drone-mcp-builds",
    )

    def create(settings: Settings) -> MCPServer[Any]:
        access = DroneAccess(settings)
        return build_server(SPEC, settings, access, BuildTools(access), BuildResources(access), complete=...)

    def from_environment(environment: Mapping[str, str]) -> MCPServer[Any]:
        return create(Settings.from_environment(environment))

    def main(opening: Opening | None = None) -> None:
        run(SPEC, create, from_environment, opening)

    """__main__.py"""                           # imports nothing heavy: the front answers first
    def main() -> None:
        start("drone_mcp_builds")

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

A tool only raises errors of the `ServiceError` family (drone_mcp_kit.errors); each becomes a failed result in the one
shape of errors. Anything else is a bug: it becomes INTERNAL_ERROR with a number that is in the log, too, beside the
traceback.
What a tool returns is sanitised and rid of secrets on its way out. A server that cuts a piece out of a log passes the
whole log through `access.clean.text` before it cuts: half a private key does not look like one.

Modules:
    variables  VARIABLES, Variable, SettingsError: text -> values; standard library only
    settings   Settings.from_environment
    front      the start of a server process; pipes: its input and output; unready: what a wrong environment says
    access     DroneAccess: client(), resolve_repo(repo), scope, clean, close()
    app        ServerSpec, build_server, run
    tools      @tool, make_tool
    resources  @resource, @prompt
    answer     View, success, failure, view_data, to_json
    manifest   manifest(spec, server): what the server offers, as the generated manifest.json holds it
    meant      meant(access, repo, number …): what a name or a pasted address means
    scope      RepoScope: sees(slug), check(slug), only(items, slug=…)
    cleaning   Cleaner: text(str), value(json); from sanitize (sanitize, one_line) and redact (Redactor)
    logs       note(repo=…, build=…): facts for the log records of this request
    arguments, schemas, serving, gitremote: inner parts
'''
