"""Lists the roles and projects that agents can have, from the templates, their presets and the agents there are."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from ci_mcp_kit.concurrency import for_each, run_all
from ci_mcp_kit.errors import InvalidInput, NotFound
from ci_mcp_kit.outgoing_text import one_line
from coder_client import calls
from coder_client.errors import CODER
from fleet_mcp.quoting import MESSAGE_WIDTH, NAME_WIDTH
from fleet_mcp.reading.listing import is_of_fleet, make_query
from fleet_mcp.reading.views import ProjectLine, ProjectList, RoleLine, RoleList

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from coder_client.models import Parameter, Preset, Template, Workspace
    from fleet_mcp.access import FleetAccess
    from fleet_mcp.settings import FleetSettings

MOST_TEMPLATES: Final = 20
MOST_PROJECTS: Final = 60
REASON_WIDTH: Final = 200


@dataclass(frozen=True, slots=True)
class Offer:
    """A template with what this server needs to know of its active version.

    Attributes:
        template: as Coder lists it.
        parameters: of its active version.
        presets: likewise, if they were read.
        faults: what it lacks to keep the contract.
        was_known: whether the parameters were read before.
    """

    template: Template
    parameters: tuple[Parameter, ...]
    presets: tuple[Preset, ...]
    faults: tuple[str, ...]
    was_known: bool

    def parameter(self, name: str) -> Parameter | None:
        """Return a parameter."""
        return next((one for one in self.parameters if one.name == name), None)

    def roles(self, settings: FleetSettings) -> dict[str, str]:
        """Return the roles that it serves -> what each is for."""
        contract = settings.contract
        if contract.role_is_template:
            return {self.template.name: self.template.description or self.template.display_name}
        found = self.parameter(contract.role)
        options = found.options if found else ()
        return {one.value: one.description or one.name for one in options}


async def read_offers(
    access: FleetAccess, *, with_presets: bool = False, named: str | None = None
) -> tuple[Offer, ...]:
    """Return the templates of the fleet: one request, and one or two more for a version that is not known yet.

    Args:
        access: to Coder.
        with_presets: whether to read the presets of each.
        named: the only one to read; None for all.

    Raises:
        InvalidInput: no template of the fleet has that name.
        NotFound: there is none that keeps the contract.
    """
    settings = access.settings
    every = await (await access.client()).send(calls.list_templates())
    wanted = known = [one for one in every if not settings.templates or one.name in settings.templates]
    if not known:
        named = f" named {' or '.join(settings.templates)}" if settings.templates else ""
        raise NotFound(
            f"Coder has no template{named} that this token may see",
            next_step="Check FLEET_TEMPLATES, and that the token may read templates (scope coder:workspaces.access)",
            service=CODER,
        )
    if named is not None and not (wanted := [one for one in known if one.name == named]):
        names = ", ".join(one.name for one in known[:MOST_TEMPLATES])
        raise InvalidInput(f"No template of this fleet has that name: it has {names}", service=CODER)

    async def read(template: Template) -> Offer:
        was_known = access.knows_version(template.active_version_id)
        parameters = await access.parameters(template.active_version_id)
        presets = await access.presets(template.active_version_id) if with_presets else ()
        return Offer(template, parameters, presets, settings.contract.missing(parameters), was_known)

    found = tuple(await for_each(wanted[:MOST_TEMPLATES], read))
    if all(offer.faults for offer in found):
        raise NotFound(
            f"No template keeps the contract of this server. {'; '.join(_describe_faults(found))}",
            next_step="Have an administrator of Coder change a template as docs/fleet.md says, or set the FLEET_ "
            "variables to the names that it has",
            service=CODER,
        )
    return found


async def list_roles(access: FleetAccess) -> RoleList:
    """Return the roles that a new agent can have."""
    offers = await read_offers(access)
    usable = [offer for offer in offers if not offer.faults]
    described: dict[str, str] = {}
    for offer in usable:
        for role, words in offer.roles(access.settings).items():
            described[role] = described.get(role) or words
    roles = [
        RoleLine(
            role=one_line(role, NAME_WIDTH),
            description=one_line(words, MESSAGE_WIDTH),
            templates=tuple(one.template.name for one in usable if role in one.roles(access.settings)),
        )
        for role, words in described.items()
    ]
    # Of a fleet that names its templates; otherwise other templates are none of its business.
    unusable = _describe_faults(offers) if access.settings.templates else ()
    free = "" if roles else "The role is free text: give the word that the template's author has told you"
    return RoleList(roles=tuple(roles), unusable=unusable, next_step=free)


async def list_projects(access: FleetAccess) -> ProjectList:
    """Return the projects that agents have, and those that a new one can have."""
    settings = access.settings
    pages: list[Sequence[Workspace]] = []
    offers: list[Offer] = []

    async def read_workspaces() -> None:
        coder = await access.client()
        pages.append((await coder.send(calls.list_workspaces(make_query(settings)))).workspaces)

    async def read_templates() -> None:
        offers.extend(await read_offers(access, with_presets=True))

    await run_all(read_templates, read_workspaces)
    usable = [offer for offer in offers if not offer.faults]
    agents = Counter(access.recall_assignment(one).project for one in pages[0] if is_of_fleet(settings, one))
    names = sorted({*_projects(settings, usable), *agents} - {""})
    visible = [name for name in names if access.scope.sees(name)]
    lines = [_describe_project(settings, usable, name, agents[name]) for name in visible[:MOST_PROJECTS]]
    more = len(visible) - len(lines)
    return ProjectList(
        projects=tuple(lines), others=_describe_free(settings, usable), left_out=f"{more} more" if more > 0 else ""
    )


async def choose_template(access: FleetAccess, role: str, project: str, template: str | None) -> Offer:
    """Return the template for a new agent.

    Raises:
        InvalidInput: no template serves the role, or several do and none is named.
    """
    settings = access.settings
    offers = [offer for offer in await read_offers(access, named=template) if not offer.faults]
    serving = [one for one in offers if role in one.roles(settings) or _takes_any(one, settings.contract.role)]
    if not serving:
        roles = sorted({name for one in offers for name in one.roles(settings)})
        raise InvalidInput(
            f"No template serves that role: there are {', '.join(roles)}",
            next_step="fleet_list_roles says what each is for",
            service=CODER,
        )
    fitting = [one for one in serving if _takes(one, settings.contract.project, project)] or serving
    if len(fitting) > 1:
        names = ", ".join(one.template.name for one in fitting)
        raise InvalidInput("Several templates serve that role", next_step=f"Give template as one of {names}")
    return fitting[0]


def _describe_faults(offers: Iterable[Offer]) -> tuple[str, ...]:
    return tuple(f"{one.template.name}: {', '.join(one.faults)}"[:REASON_WIDTH] for one in offers if one.faults)


def _takes_any(offer: Offer, name: str) -> bool:
    found = offer.parameter(name)
    return found is not None and not found.options


def _takes(offer: Offer, name: str, value: str) -> bool:
    found = offer.parameter(name)
    return found is not None and (not found.options or value in {one.value for one in found.options})


def _projects(settings: FleetSettings, offers: Iterable[Offer]) -> set[str]:
    """Return the projects that options of templates and presets name."""
    name, found = settings.contract.project, set()
    for offer in offers:
        parameter = offer.parameter(name)
        found |= {one.value for one in parameter.options} if parameter else set()
        found |= {value.value for preset in offer.presets for value in preset.parameters if value.name == name}
    return found


def _describe_project(settings: FleetSettings, offers: Sequence[Offer], project: str, agents: int) -> ProjectLine:
    name = settings.contract.project
    presets = tuple(
        one_line(preset.name, NAME_WIDTH)
        for one in offers
        for preset in one.presets
        if any((value.name, value.value) == (name, project) for value in preset.parameters)
    )
    templates = tuple(one.template.name for one in offers if _takes(one, name, project))
    return ProjectLine(project=one_line(project, NAME_WIDTH), agents=agents, templates=templates, presets=presets)


def _describe_free(settings: FleetSettings, offers: Iterable[Offer]) -> str:
    free = [one for one in offers if _takes_any(one, settings.contract.project)]
    if not free:
        return ""
    parameter = free[0].parameter(settings.contract.project)
    takes = one_line(parameter.validation_error, REASON_WIDTH) if parameter else ""
    return f"any other for {', '.join(one.template.name for one in free)}" + (f" ({takes})" if takes else "")
