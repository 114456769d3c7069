"""All routes in matching order: a fixed segment comes before a placeholder."""

from drone_mcp_simulator.routes import (
    badges,
    builds,
    control,
    crons,
    logs,
    queue_and_statistics,
    repos,
    secrets,
    sign_and_encrypt,
    streams,
    templates,
    users,
    web,
)

ROUTES = [
    *control.ROUTES,
    *streams.ROUTES,
    *logs.ROUTES,
    *builds.ROUTES,
    *secrets.ROUTES,
    *crons.ROUTES,
    *sign_and_encrypt.ROUTES,
    *templates.ROUTES,
    *repos.ROUTES,
    *users.ROUTES,
    *queue_and_statistics.ROUTES,
    *badges.ROUTES,
    *web.ROUTES,
]
