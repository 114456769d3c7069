"""Drone's HTTP API: typed models, errors, pure protocol rules and one thin httpx transport.

    names, paths        what people type, and the paths that requests get from it
    call, calls         every request, as data
    answers, refusals   what an answer means: data, or the error that tells what to do
    steplog, sse        stored logs and live streams, put together
    status              what Drone's status words make of a build
    retrying, tokens    when to try again; secrets that do not show themselves
    transport, faults   the network: the only modules, with client and tails, that do any I/O
    client, options     what to import: `DroneClient` and `ClientOptions`

Import what is needed from its module; this package loads nothing by itself, so that a server starts fast:
`models`, `errors` and `status` are cheap, `client` brings in httpx.
"""
