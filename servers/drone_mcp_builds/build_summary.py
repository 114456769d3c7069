"""One build as the tool and the resources show it. Pure."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final

from ci_mcp_kit.outgoing_text import cleaned, one_line
from ci_mcp_kit.token_count import count_tokens
from drone_mcp_build.build_wording import TITLE_WIDTH, clean_name, title_of
from drone_mcp_build.commit_links import commit_page, home_by_link
from drone_mcp_build.iso_time import format_time
from drone_mcp_build.refs import history_branch, pull_request_of
from drone_mcp_builds import failure_description, headlines, next_steps, stage_tree
from drone_mcp_builds.formatting import count_build_seconds, find_author, find_tag_name, format_count
from drone_mcp_builds.views import BuildView

if TYPE_CHECKING:
    from drone_mcp_client.models import Build

ANSWER_TOKENS: Final = 1_900  # 2,000, less what redaction may add
MOST_PARAMS: Final = 8  # sorted by name, so that the same build always shows the same ones
_SECRET_NAME = re.compile(r"secret|token|passw|pwd|credential|(?:api|access|private|ssh|deploy)[_-]?key", re.IGNORECASE)


def summarise(
    build: Build, repo: str, server: str, now: int, note: str = "", limit: int = 0, home: str = ""
) -> BuildView:
    """Return the view of a build in at most ANSWER_TOKENS tokens of JSON.

    `now` is the Unix time, `limit` the repository's time limit in seconds, 0 where it is not known, `home` the page of
    the repository at its source host.
    """
    params, more_params = _params(build)
    frame = BuildView(
        repo=repo,
        number=build.number,
        status=clean_name(build.status),
        headline=headlines.write_headline(build, now, limit),
        first_failure=failure_description.view_first_failure(build),
        event=clean_name(build.event),
        branch=clean_name(history_branch(build)),
        pull_request=pull_request_of(build),
        tag=find_tag_name(build),
        commit=clean_name(build.after),
        title=title_of(build, TITLE_WIDTH),
        author=find_author(build),
        created=format_time(build.created),
        started=format_time(build.started),
        finished=format_time(build.finished),
        seconds=count_build_seconds(build, now),
        about=_about(build, home),
        params=params,
        page=page_url(server, repo, build.number),
        note=note,
        next_step=next_steps.suggest_next_step(build, now, limit),
    )

    def view(detail: stage_tree.Detail) -> BuildView:
        stages, more_stages = stage_tree.draw_stages(build, now, detail)
        left_out = "; ".join(part for part in (more_stages, more_params) if part)
        return frame.model_copy(update={"stages": stages, "left_out": left_out})

    *larger, smallest = stage_tree.LEVELS
    fitting = (drawn for drawn in map(view, larger) if size_of(drawn) <= ANSWER_TOKENS)
    return next(fitting, None) or view(smallest)


def size_of(view: BuildView) -> int:
    """Count the tokens of the view's JSON."""
    return count_tokens(view.model_dump_json())


def with_origin(view: BuildView, source: str, at: int) -> BuildView:
    """Add where the build was read, and when (Unix time) it was in this state."""
    return view.model_copy(update={"source": source, "as_of": format_time(at)})


def page_url(server: str, repo: str, number: int) -> str:
    """Return the address of a build in Drone's user interface."""
    return f"{server.rstrip('/')}/{repo}/{number}"


def _about(build: Build, home: str) -> dict[str, str]:
    """Return the facts that only some builds have.

    The source of a pull request names its repository if that is another one. Builds that the source host or the
    scheduler triggered have no `started_by` (harness/drone v2.25.0, TriggerHook and TriggerCron in package core).
    """
    source = f"{build.source_repo}:{build.source}" if build.source_repo else build.source
    facts = {
        "parent": str(build.parent or ""),
        "deploy_to": clean_name(build.deploy_to),
        "cron": clean_name(build.cron),
        "source": clean_name(source) if build.event == "pull_request" else "",
        "started_by": "" if build.trigger in {"@hook", "@cron"} else clean_name(build.trigger),
        "commit_page": one_line(commit_page(home or home_by_link(build), build.after), 200),
        "pull_request_page": one_line(build.link, 200) if build.event == "pull_request" else "",
    }
    return {key: value for key, value in facts.items() if value}


def _params(build: Build) -> tuple[dict[str, str], str]:
    """Return the first custom parameters and a note on the omitted ones; values of secrets are redacted."""
    every = sorted(build.params.items())
    shown = {clean_name(key): _value(key, value) for key, value in every[:MOST_PARAMS]}
    left_out = len(every) - MOST_PARAMS
    return shown, f"{format_count(left_out, 'parameter')} not listed" if left_out > 0 else ""


def _value(key: str, value: str) -> str:
    """Clean a value together with its name, as any value assigned to a `..._TOKEN` is a secret."""
    if _SECRET_NAME.search(key):
        return "[redacted]"
    lead = f"{key}="
    assigned = cleaned(lead + value)
    return clean_name(assigned.removeprefix(lead) if assigned.startswith(lead) else value)
