'''What every MCP server of this toolkit does alike.

A server is its tools, its views and one `create`. Here one for a made-up service, Slipway, which releases applications;
`slipway_client` is the library that asks it:

    """server.py"""
    SPEC = ServerSpec(
        name="slipway-releases",                # as in a client's configuration
        title="Slipway releases",
        description="Which releases there are and how far they are.",
        instructions="Use this for releases, roll-outs, … (search keywords)",
        package="slipway_releases",
        command="slipway-releases",
        settings=Settings,                      # derives from ProcessSettings; left out, the server asks no service
    )

    def create(settings: Settings) -> MCPServer[Any]:
        access = SlipwayAccess(settings)        # an Access: `clean` and `close`
        return build_server(SPEC, settings, access, ReleaseTools(access), ReleaseResources(access), complete=...)

    def main(handover: Handover | None = None) -> None:
        run(SPEC, create, handover)

    """__main__.py"""                           # imports nothing heavy: the front answers first
    def main() -> None:
        start("slipway_releases", read_slipway)

    """views.py"""
    class ReleaseView(View):                    # None is left out, and what is empty where it has a default
        number: int
        status: str
        author: str = ""
        waves: tuple[WaveView, ...] = ()

    """tools.py"""
    class ReleaseTools:
        def __init__(self, access: SlipwayAccess) -> None:
            self.access = access

        @tool(title="Get one release", schema="release/1")
        async def slipway_get_release(
            self,
            app: Annotated[str, Field(description="Name of the application")],
            number: Annotated[int, Field(description="Release number, 1 or more", ge=1)],
        ) -> ReleaseView:
            """How far one release is: its waves, and what failed first."""
            slipway = await self.access.client()
            return release_view(await slipway.release(app, number))

    """resources.py"""
    class ReleaseResources:
        @resource(LATEST, name="latest_release", title="Newest release", needs="slipway_get_release")
        async def latest(self, app: str) -> ReleaseView:
            """The newest release of an application."""

A tool only raises errors of the `ServiceError` family (ci_mcp_kit.errors); each becomes a failed result in the one
shape of errors. Anything else is a bug: it becomes INTERNAL_ERROR with a number that is in the log, too, next to the
traceback.
What a tool returns is sanitised and redacted on its way out. A server that cuts a text does so with `one_line`, which
cleans it before, or passes the whole text through `cleaned` first: half a private key does not look like one.

Modules:
    errors     ServiceError and its family; Service: what errors say of the service behind a server
    variables  Variable, SettingsError, PROCESS_VARIABLES: text -> values; standard library only
    settings   ProcessSettings: what every process reads; a service's settings derive from it
    app        ServerSpec, Access (what a server needs of its way to a service), build_server, run
    tools      @tool, make_tool
    resources_and_prompts  @resource, @prompt
    unknown_names  the names of what a server offers, and the protocol error for every other name
    memory     Memory: a dictionary that keeps the newest entries
    hidden_tools  leaves the tools out of the list for which a token lacks a scope
    answer     View, success, failure, view_text, to_json
    token_count  count_tokens: the estimated cost of a text for a model
    access_check  a server's own check of what its tokens may do, for `doctor`
    manifest   manifest(spec, server): what the server offers, as the generated manifest.json holds it
    front      the start of a server process; pipes: its input and output; wrong_environment: its message
    jsonrpc    reads the messages of a client, and refuses what is none; stdio, http_invalid_bodies: the transports
    outgoing_text  Cleaner: text(str), value(json); cleaned, one_line; from sanitize and redact (Redactor, holds_secret)
    secret_shapes  the shapes of secrets, for redact
    logs       add_facts(repo=…, build=…): facts for the log records of this request
    argument_validation, schemas, stdio_serving, gitremote: inner parts
'''
