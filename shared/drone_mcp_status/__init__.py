"""The status page: red and waiting builds, calls under way, the audit log and health, as one page of HTML.

The page is made on the server, needs no script and loads nothing. `drone-mcp-config serve` and the webhook receiver
serve it at an address of its own.

Modules:
    page_data     what a page shows, as data: pure
    red_builds    red and waiting builds, from builds: pure
    red_build_reader  reads those from the store, and only what has changed since
    calls         the calls of tools that this process is answering
    audit_log     the newest lines of an audit file, and whether it is intact
    health        whether the store, the deliveries and Drone work
    status        reads an overview
    elements      HTML that escapes its texts: pure
    page          an overview as HTML: pure
    app           the ASGI application
"""
