"""A client for an API over HTTP, whose service is data: its name, its variables and how it takes a token.

    call                 a request as data: path, query, and the function that reads its response
    transport            sends calls through httpx: attempts, deadlines, bounded bodies, downloads, event streams
    redirects            follows a redirect to a store of large files
    response, gateways   a response as data; the responses that come from a proxy and not from the service
    retries              when to try again, and after how long
    network_errors       the error for a request that httpx could not bring to a response
    sse                  event streams, from bytes to events
    tokens, options      secrets that do not show themselves, and their check; how to reach a service
    addresses            addresses of services
    variables, settings  what the environment says to a server that asks one service
    read_access          how the tools of a server reach it: one client, made at first use, which only reads

Everything but `transport`, `redirects`, `read_access` and the token files is pure. A domain derives its client from
this: it makes `Call`s, brings a reader that turns a `Response` into data or into a `ServiceError`, and describes itself
as a `Service`. Import what is needed from its module; this package loads nothing by itself, so that a server starts
fast: only `transport`, `redirects` and `network_errors` bring in httpx.
"""
