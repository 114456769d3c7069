"""The routes of the API, first match first."""

from __future__ import annotations

from typing import TYPE_CHECKING

from gitea_simulator.routes import code, files, issue_changes, issues, pulls, server_and_repositories

if TYPE_CHECKING:
    from gitea_simulator.routes.route import Route

ROUTES: tuple[Route, ...] = (
    *server_and_repositories.ROUTES,
    *issue_changes.ROUTES,
    *issues.ROUTES,
    *pulls.ROUTES,
    *files.ROUTES,
    *code.ROUTES,
)
