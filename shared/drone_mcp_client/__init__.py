"""Drone's HTTP API: typed models, errors, pure protocol rules and one thin httpx transport.

Import what is needed from its module; this package loads nothing by itself, so that a server starts fast:
`models` and `errors` are cheap, `client` brings in httpx.
"""
