"""Every route, in the order in which they are tried: a fixed word before a placeholder."""

from drone_mcp_simulator.routes import builds, control, logs, repos, settings, streams, system, users, web

ROUTES = [
    *control.ROUTES,
    *streams.ROUTES,
    *logs.ROUTES,
    *builds.ROUTES,
    *settings.ROUTES,
    *repos.ROUTES,
    *users.ROUTES,
    *system.ROUTES,
    *web.ROUTES,
]
