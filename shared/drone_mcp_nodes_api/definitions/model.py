"""A service definition as data, with all its rules.

The daemon and the command check by the same rules: a `Service` is always valid.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Annotated, Literal, Self, TypeVar

from pydantic import AfterValidator, BaseModel, BeforeValidator, ConfigDict, Field, model_validator

from drone_mcp_nodes_api.definitions.naming import name_container, read_version
from drone_mcp_nodes_api.definitions.notation import parse_duration, parse_port, parse_volume

if TYPE_CHECKING:
    from collections.abc import Callable

MOST_COMPONENTS = 50
MOST_ITEMS = 200
LONGEST_TEXT = 32_768
SHOWN = 100  # characters of a wrong value that its error repeats

T = TypeVar("T")


def _matching(pattern: str, words: str, longest: int = 512) -> AfterValidator:
    """Make a check that a text matches a pattern, which `words` describe."""
    compiled = re.compile(pattern)

    def check(text: str) -> str:
        if len(text) > longest:
            raise ValueError(f"it has {len(text)} characters; the most are {longest}")
        if not compiled.fullmatch(text):
            shown = f"{text!r} cannot be used" if len(text) <= SHOWN else "it cannot be used"
            raise ValueError(f"{shown}; write {words}")
        return text

    return AfterValidator(check)


def _parsed_by(parse: Callable[[str], object]) -> AfterValidator:
    """Make a check that a text can be read by a parser of `notation`."""

    def check(text: str) -> str:
        parse(text)
        return text

    return AfterValidator(check)


def _check_text(text: str) -> str:
    if "\0" in text:
        raise ValueError("it contains a NUL character, which no argument or variable of a program can hold")
    return text


def _name_secret(value: object) -> object:
    return {"name": value} if isinstance(value, str) else value


Items = Annotated[tuple[T, ...], Field(strict=False, max_length=MOST_ITEMS)]
Name = Annotated[
    str,
    _matching(
        r"[a-zA-Z0-9][a-zA-Z0-9_.-]{0,62}",
        "up to 63 letters, digits and the characters '_', '.' and '-', beginning with a letter or a digit",
    ),
]
Text = Annotated[str, Field(max_length=LONGEST_TEXT), AfterValidator(_check_text)]  # may be private: not in errors
# None of them can be taken for an option of a command.
Word = Annotated[str, _matching(r"([^\s\0-][^\s\0]*)?", "a word that does not begin with '-'")]
Image = Annotated[str, _matching(r"[a-zA-Z0-9][\w.:/@-]*", "an image such as registry.example.com/shop/web:v1.2.0")]
Restart = Annotated[
    str, _matching(r"no|always|unless-stopped|on-failure(:\d{1,4})?", "no, on-failure[:N], always or unless-stopped")
]
ContainerPath = Annotated[str, _matching(r"(/[^\0:,]*)?", "an absolute path in the container", 4096)]
Memory = Annotated[str, _matching(r"(\d{1,18}[bkmgBKMG]?)?", "bytes, or a size such as '512m' or '2g'")]
Variable = Annotated[str, _matching(r"[a-zA-Z_][a-zA-Z0-9_.-]*", "letters, digits and '_', '.', '-'")]
Url = Annotated[
    str,
    _matching(
        r"((https?://[^\s/]+|\d{1,5})(/\S*)?)?",
        "a URL such as 'http://127.0.0.1:8080/health', or a port of the container such as '8080/health'",
        2048,
    ),
]
Endpoint = Annotated[
    str, _matching(r"(([^\s:]+|\[[^\s\]]+\]):)?\d{1,5}|", "HOST:PORT, or a port of the container such as '5432'")
]
PortText = Annotated[str, _parsed_by(parse_port)]
VolumeText = Annotated[Text, _parsed_by(parse_volume)]
Seconds = Annotated[float, BeforeValidator(parse_duration), Field(ge=0, le=86_400)]


class PlacedError(ValueError):
    """A rule between several parts is broken; `place` is where a person would correct it."""

    def __init__(self, place: tuple[str | int, ...], message: str) -> None:
        super().__init__(message)
        self.place = place


class DefinitionModel(BaseModel):
    """The base of the parts of a definition: unknown keys are refused, and no value is converted to another type."""

    model_config = ConfigDict(frozen=True, extra="forbid", strict=True)


class Secret(DefinitionModel):
    """A secret of the node as a file in the container. In a definition, its name alone is enough.

    Attributes:
        name: of the secret.
        file: where the container finds it; "" for `/run/secrets/NAME`.
    """

    name: Name
    file: ContainerPath = ""


class Resources(DefinitionModel):
    """The limits of a container; "" and 0 mean none."""

    memory: Memory = ""
    cpus: float = Field(default=0.0, ge=0, le=4096)
    pids: int = Field(default=0, ge=0, le=4_194_304)


class Health(DefinitionModel):
    """How the daemon finds out whether a container is healthy: one of `http`, `tcp` and `exec`.

    Attributes:
        http: a URL as seen from the node, or PORT/PATH of the container itself; a status below 400 is healthy.
        tcp: HOST:PORT as seen from the node, or a PORT of the container itself.
        exec: a command in the container; exit code 0 is healthy.
        interval: seconds between two checks.
        timeout: seconds for one check.
        start_period: seconds from the start in which failures are not counted.
        retries: failures in a row that make a container unhealthy.
    """

    http: Url = ""
    tcp: Endpoint = ""
    exec: Items[Text] = ()
    interval: Seconds = 5.0
    timeout: Seconds = 3.0
    start_period: Seconds = 0.0
    retries: int = Field(default=3, ge=1, le=1000)

    @model_validator(mode="after")
    def _check_that_there_is_one_check(self) -> Self:
        if sum(map(bool, (self.http, self.tcp, self.exec))) != 1:
            raise ValueError("name one check: http, tcp or exec")
        if not self.interval or not self.timeout:
            raise ValueError("interval and timeout have to be more than 0")
        return self


class Component(DefinitionModel):
    """A container of a service.

    Attributes:
        name: unique in its service.
        image: with its registry and tag.
        network: of podman; "" for its default.
        user: in the container; "" for that of the image.
        restart: `no`, `on-failure[:n]`, `always` or `unless-stopped`.
        ports: each as `[ip:]host:container[/protocol]`.
        volumes: each as `source:target[:options]`.
        cmd: instead of the image's command.
        env: variables; for what others may read, so not for secrets.
        secrets: as files.
        resources: limits.
        health: how its health is checked; without it, a container that runs is healthy.
        stop_timeout: seconds until a container that does not stop is killed.
        depends_on: components that start first.
        order: whether the old container stops before its replacement starts, or after.
    """

    name: Name
    image: Image
    network: Word = ""
    user: Word = ""
    restart: Restart = "no"
    ports: Items[PortText] = ()
    volumes: Items[VolumeText] = ()
    cmd: Items[Text] = ()
    env: dict[Variable, Text] = Field(default={}, max_length=MOST_ITEMS)
    secrets: Items[Annotated[Secret, BeforeValidator(_name_secret)]] = ()
    resources: Resources = Resources()
    health: Health | None = None
    stop_timeout: Seconds = 10.0
    depends_on: Items[Name] = ()
    order: Literal["stop-first", "start-first"] = "stop-first"

    @property
    def version(self) -> str:
        """The tag of its image."""
        return read_version(self.image)

    @model_validator(mode="after")
    def _check_that_both_containers_can_run(self) -> Self:
        if self.order == "start-first" and self.ports:
            raise ValueError(
                "order 'start-first' runs the old and the new container at the same time, so both would publish the "
                "same ports; remove ports, or write order = 'stop-first'"
            )
        return self


class Service(DefinitionModel):
    """A service: containers that belong together, on one node.

    Attributes:
        name: also that of its folder of files, `/srv/NAME`.
        node: as `drone-nodes` knows it.
        active: whether it is to run.
        components: at least one.
        labels: for people and programs that read them.
    """

    name: Name
    node: Name
    active: bool = True
    components: Annotated[tuple[Component, ...], Field(strict=False, min_length=1, max_length=MOST_COMPONENTS)]
    labels: dict[Variable, Text] = Field(default={}, max_length=MOST_ITEMS)

    def container(self, component: str) -> str:
        """Return the name of a component's container."""
        return name_container(self.name, component)

    @model_validator(mode="after")
    def _check_components(self) -> Self:
        names: set[str] = set()
        published: set[tuple[str, int, str]] = set()
        for index, component in enumerate(self.components):
            if component.name in names:
                raise PlacedError(
                    ("components", index, "name"), f"another component has the name {component.name!r} too"
                )
            names.add(component.name)
            for text in component.ports:
                port = parse_port(text)
                if (key := (port.ip, port.host, port.protocol)) in published:
                    raise PlacedError(
                        ("components", index, "ports"),
                        f"port {port.host}/{port.protocol} of the node is published twice",
                    )
                published.add(key)
        start_order(self.components)
        return self


def start_order(components: tuple[Component, ...]) -> tuple[Component, ...]:
    """Return components so that each follows those that it depends on, otherwise in the order of the definition.

    Raises:
        ValueError: a component depends on one that is not there, or by others on itself.
    """
    left = {component.name: component for component in components}
    for index, component in enumerate(components):
        if missing := next((name for name in component.depends_on if name not in left), None):
            raise PlacedError(("components", index, "depends_on"), f"{missing!r} is no component of the service")
    ordered: list[Component] = []
    while left:
        ready = next((one for one in left.values() if not {*one.depends_on} & left.keys()), None)
        if not ready:
            raise ValueError(f"the components {', '.join(left)} depend on each other in a circle")
        ordered.append(left.pop(ready.name))
    return tuple(ordered)
