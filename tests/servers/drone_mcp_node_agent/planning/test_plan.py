from typing import Any

import pytest
from hypothesis import given

from drone_mcp_node_agent.planning.plan import Situation, fingerprint, must_pull, pin_images, plan_steps
from drone_mcp_node_agent.planning.spec_hash import container_labels
from drone_mcp_node_agent.registry.records import ServiceRecord
from drone_mcp_node_agent.runtime.runtime import Container, Image
from drone_mcp_nodes_api.wire import agent_pb2 as pb
from support.node_components import components

IMAGE = Image("image-1", "sha256:1", {}, {}, ())


def service(*names: str, image: str = "demo/web:v1") -> pb.ServiceSpec:
    return pb.ServiceSpec(
        name="web", active=True, components=[pb.ComponentSpec(name=name, image=image) for name in names]
    )


def container(spec: pb.ServiceSpec, position: int = 0, **fields: Any) -> Container:
    component = spec.components[position]
    known: dict[str, Any] = {
        "id": f"container-{position}",
        "name": f"web-{component.name}",
        "spec": component,
        "image_id": "image-1",
        "image_digest": "sha256:1",
        "status": "running",
        "labels": container_labels(spec, component, 1),
    }
    return Container(**(known | fields))


def situation(*containers: Container, image: Image | None = IMAGE, record: ServiceRecord | None = None) -> Situation:
    found = {one.name.removeprefix("web-"): one for one in containers}
    return Situation(found, {"demo/web:v1": image, "demo/web:latest": image}, record)


def plan(spec: pb.ServiceSpec, there: Situation, *, force: bool = False) -> list[tuple[str, str, str]]:
    steps = plan_steps(spec, [*spec.components], there, force=force)
    return [(step.component, step.action, step.reason) for step in steps]


WEB = service("api")
MOVES = "it is as specified; pulls demo/web:latest first and replaces the container if the registry has a newer one"
PLANS = {
    "nothing there": (
        plan(WEB, situation(image=None)),
        [("api", "create", "there is no container yet; pulls demo/web:v1 first")],
    ),
    "as specified": (plan(WEB, situation(container(WEB))), [("api", "keep", "it is as specified")]),
    "stopped": (plan(WEB, situation(container(WEB, status="exited"))), [("api", "start", "it is exited")]),
    "by force": (
        plan(WEB, situation(container(WEB)), force=True),
        [("api", "replace", "it is replaced on request; pulls demo/web:v1 first")],
    ),
    "another definition": (
        plan(WEB, situation(container(WEB, labels={"nodes.spec": "sha256:0"}))),
        [("api", "replace", "it differs in definition")],
    ),
    "another image of the same name on the node": (
        plan(WEB, situation(container(WEB, image_id="image-0"))),
        [("api", "replace", "it differs in image_digest")],
    ),
    "a tag that moves": (
        plan(service("api", image="demo/web:latest"), situation(container(service("api", image="demo/web:latest")))),
        [
            (
                "api",
                "keep",
                MOVES,
            )
        ],
    ),
    "a component that the service no longer has": (
        plan(WEB, situation(container(WEB), record=ServiceRecord(service("api", "old")))),
        [("api", "keep", "it is as specified"), ("old", "remove", "the service no longer has it")],
    ),
}


@pytest.mark.parametrize(("found", "steps"), PLANS.values(), ids=PLANS.keys())
def test_a_plan_has_a_step_and_a_reason_for_each_component(
    found: list[tuple[str, str, str]], steps: list[tuple[str, str, str]]
) -> None:
    assert found == steps


def test_a_deployment_of_one_component_removes_no_other() -> None:
    spec = service("api", "front")
    there = situation(record=ServiceRecord(service("api", "front", "old")))
    steps = plan_steps(spec, [spec.components[0]], there, force=False)
    assert [(step.component, step.action) for step in steps] == [("api", "create")]


@given(components())
def test_what_a_deployment_has_made_is_kept_by_the_next_one(component: pb.ComponentSpec) -> None:
    spec = pb.ServiceSpec(name="web", components=[component])
    there = Situation({"api": container(spec)}, {component.image: IMAGE}, None)
    assert [step.action for step in plan_steps(spec, [component], there, force=False)] == ["keep"]


@pytest.mark.parametrize(
    ("image", "is_present", "force", "pulls"),
    [
        ("demo/web", True, False, True),
        ("demo/web:latest", True, False, True),
        ("demo/web:v1", True, False, False),
        ("demo/web:v1", False, False, True),
        ("demo/web:v1", True, True, True),
        ("demo/web@sha256:1", True, False, False),
        ("host:5000/demo/web", True, False, True),
    ],
)
def test_an_image_is_pulled_by_the_rule_of_kubernetes(image: str, is_present: bool, force: bool, pulls: bool) -> None:
    assert must_pull(image, is_present=is_present, force=force) == pulls


@pytest.mark.parametrize(
    ("image", "pinned"),
    [
        ("host:5000/demo/web", "host:5000/demo/web@sha256:1"),
        ("demo/web:latest", "demo/web@sha256:1"),
        ("demo/web:v1", "demo/web:v1"),
        ("demo/web@sha256:0", "demo/web@sha256:0"),
    ],
)
def test_a_revision_names_its_images_for_ever(image: str, pinned: str) -> None:
    spec = pin_images(service("api", "front", image=image), {"api": "sha256:1", "front": ""})
    assert [component.image for component in spec.components] == [pinned, image]


OTHERS = {
    "another specification": (service("api", "front"), "", situation(container(WEB)), False),
    "one component only": (WEB, "api", situation(container(WEB)), False),
    "force": (WEB, "", situation(container(WEB)), True),
    "another container": (WEB, "", situation(container(WEB, id="container-9")), False),
    "a container that has stopped": (WEB, "", situation(container(WEB, status="exited")), False),
    "no container": (WEB, "", situation(), False),
    "another image on the node": (WEB, "", situation(container(WEB), image=None), False),
    "another revision": (WEB, "", situation(container(WEB), record=ServiceRecord(WEB, revision=2)), False),
}


@pytest.mark.parametrize(("spec", "component", "there", "force"), OTHERS.values(), ids=OTHERS.keys())
def test_a_fingerprint_changes_with_all_that_a_plan_depends_on(
    spec: pb.ServiceSpec, component: str, there: Situation, force: bool
) -> None:
    shown = fingerprint(WEB, "", situation(container(WEB)), force=False)
    assert shown == fingerprint(service("api"), "", situation(container(WEB)), force=False)
    assert fingerprint(spec, component, there, force=force) != shown
