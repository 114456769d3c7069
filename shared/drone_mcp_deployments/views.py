"""The answer about a deployment that was made, or would be."""

from __future__ import annotations

from ci_mcp_kit.answer import View


class DeployView(View):
    """The outcome of a deployment; `deployment` is the number of its build, `cursor` a place in it to wait from.

    `outcome` is done, nothing_started, nothing_to_do, dry_run or repeated. `added` and `removed` are the commits that
    the target gets and loses. A preview stops by itself at `ends`.
    """

    repo: str
    target: str
    source: int
    outcome: str
    message: str
    deployment: int | None = None
    status: str = ""
    cursor: str = ""
    ends: str | None = None
    added: tuple[str, ...] = ()
    removed: tuple[str, ...] = ()
    requests: tuple[str, ...] = ()
    needs_confirmation: bool | None = None
    notes: tuple[str, ...] = ()
    next_step: str = ""
