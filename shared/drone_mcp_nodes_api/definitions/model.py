"""A service definition as data, with all its rules.

The daemon and the command check by the same rules: a `Service` is always valid.
"""

from __future__ import annotations

from typing import Annotated, Literal, Self

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, StringConstraints, model_validator

from drone_mcp_nodes_api.definitions.naming import name_container, read_version
from drone_mcp_nodes_api.definitions.notation import parse_duration, parse_port, parse_volume

MOST_COMPONENTS = 50
MOST_ITEMS = 200

Name = Annotated[str, StringConstraints(pattern=r"^[a-zA-Z0-9][a-zA-Z0-9_.-]{0,62}$")]
Text = Annotated[str, StringConstraints(max_length=32_768, pattern=r"^[^\0]*$")]
Word = Annotated[str, StringConstraints(max_length=512, pattern=r"^([^\s\0-][^\s\0]*)?$")]  # no option of a command
Image = Annotated[str, StringConstraints(max_length=512, pattern=r"^[a-zA-Z0-9][\w.:/@-]*$")]
Restart = Annotated[str, StringConstraints(pattern=r"^(no|always|unless-stopped|on-failure(:\d{1,4})?)$")]
AbsolutePath = Annotated[str, StringConstraints(max_length=4096, pattern=r"^(/[^\0:,]*)?$")]
Memory = Annotated[str, StringConstraints(pattern=r"^(\d{1,18}[bkmgBKMG]?)?$")]
VariableName = Annotated[str, StringConstraints(max_length=256, pattern=r"^[a-zA-Z_][a-zA-Z0-9_.-]*$")]


def _check_port(text: str) -> str:
    parse_port(text)
    return text


def _check_volume(text: str) -> str:
    parse_volume(text)
    return text


def _name_secret(value: object) -> object:
    return {"name": value} if isinstance(value, str) else value


PortText = Annotated[Text, BeforeValidator(lambda value: _check_port(value) if isinstance(value, str) else value)]
VolumeText = Annotated[Text, BeforeValidator(lambda value: _check_volume(value) if isinstance(value, str) else value)]
Seconds = Annotated[float, BeforeValidator(parse_duration), Field(ge=0, le=86_400)]


class DefinitionModel(BaseModel):
    """The base of the parts of a definition: unknown keys are refused, values are not changed."""

    model_config = ConfigDict(frozen=True, extra="forbid")


class Secret(DefinitionModel):
    """A secret of the node as a file in the container. In a definition, its name alone is enough.

    Attributes:
        name: of the secret.
        file: where the container finds it; "" for `/run/secrets/NAME`.
    """

    name: Name
    file: AbsolutePath = ""


class Resources(DefinitionModel):
    """The limits of a container; "" and 0 mean none."""

    memory: Memory = ""
    cpus: float = Field(default=0, ge=0, le=4096)
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

    http: str = Field(default="", max_length=2048, pattern=r"^((https?://[^\s/]+|\d{1,5})(/\S*)?)?$")
    tcp: str = Field(default="", max_length=512, pattern=r"^((\S+:)?\d{1,5})?$")
    exec: tuple[Text, ...] = Field(default=(), max_length=MOST_ITEMS)
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
    ports: tuple[PortText, ...] = Field(default=(), max_length=MOST_ITEMS)
    volumes: tuple[VolumeText, ...] = Field(default=(), max_length=MOST_ITEMS)
    cmd: tuple[Text, ...] = Field(default=(), max_length=MOST_ITEMS)
    env: dict[VariableName, Text] = Field(default={}, max_length=MOST_ITEMS)
    secrets: tuple[Annotated[Secret, BeforeValidator(_name_secret)], ...] = Field(default=(), max_length=MOST_ITEMS)
    resources: Resources = Resources()
    health: Health | None = None
    stop_timeout: Seconds = 10.0
    depends_on: tuple[Name, ...] = Field(default=(), max_length=MOST_COMPONENTS)
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
    components: tuple[Component, ...] = Field(min_length=1, max_length=MOST_COMPONENTS)
    labels: dict[VariableName, Text] = Field(default={}, max_length=MOST_ITEMS)

    def container(self, component: str) -> str:
        """Return the name of a component's container."""
        return name_container(self.name, component)

    @model_validator(mode="after")
    def _check_components(self) -> Self:
        names = [component.name for component in self.components]
        if twice := next((name for name in names if names.count(name) > 1), None):
            raise ValueError(f"two components have the name {twice!r}")
        published = [(p.host, p.protocol, p.ip) for one in self.components for p in map(parse_port, one.ports)]
        if taken := next((port for port in published if published.count(port) > 1), None):
            raise ValueError(f"port {taken[0]}/{taken[1]} of the node is published twice")
        start_order(self.components)
        return self


def start_order(components: tuple[Component, ...]) -> tuple[Component, ...]:
    """Return components so that each follows those that it depends on, otherwise in the order of the definition.

    Raises:
        ValueError: a component depends on one that is not there, or by others on itself.
    """
    left = {component.name: component for component in components}
    for component in components:
        if missing := next((name for name in component.depends_on if name not in left), None):
            raise ValueError(f"{component.name!r} depends on {missing!r}, which is no component of the service")
    ordered: list[Component] = []
    while left:
        ready = next((one for one in left.values() if not {*one.depends_on} & left.keys()), None)
        if not ready:
            raise ValueError(f"the components {', '.join(left)} depend on each other in a circle")
        ordered.append(left.pop(ready.name))
    return tuple(ordered)
