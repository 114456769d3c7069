"""Drone's HTTP API, on `ci_mcp_http`: typed models, calls, and the meaning of responses.

    name_parsing             repositories and builds as people write them
    call_builders, calls     every request, as data
    responses, refusals      data from a response, or the error that it means
    steplog, log_stream      stored logs, and the live log of a running step
    status                   the meaning of Drone's status words
    errors                   Drone as a service, and the errors that a call raises
    client, options          what to import: `DroneClient` and `DroneOptions`

Import what is needed from its module; this package loads nothing by itself, so that a server starts fast:
`models`, `errors` and `status` are cheap, `client` brings in httpx.
"""
