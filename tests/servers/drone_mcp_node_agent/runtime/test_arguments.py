import pytest

from drone_mcp_node_agent.runtime.arguments import create_arguments
from drone_mcp_nodes_api.wire import agent_pb2 as pb

FIRST = ["create", "--pull=never", "--name=web-api", "--restart=no"]
IMAGE = "registry.example/web:v1"


def component(**fields: object) -> pb.ComponentSpec:
    return pb.ComponentSpec(name="api", image=IMAGE, **fields)  # type: ignore[arg-type] # a table of fields


def five_seconds() -> pb.ComponentSpec:
    spec = component()
    spec.stop_timeout.FromSeconds(5)
    return spec


TABLE = {
    "nothing but an image": (component(), [*FIRST, "--", IMAGE]),
    "a restart policy": (component(restart="on-failure:3"), [*FIRST[:3], "--restart=on-failure:3", "--", IMAGE]),
    "a retry count of none": (component(restart="on-failure:0"), [*FIRST[:3], "--restart=on-failure", "--", IMAGE]),
    "a network": (component(network="shop"), [*FIRST, "--network=shop", "--", IMAGE]),
    "a user": (component(user="1000:1000"), [*FIRST, "--user=1000:1000", "--", IMAGE]),
    "ports": (
        component(ports=["127.0.0.1:8080:80/tcp", "5353:53/udp"]),
        [*FIRST, "--publish=127.0.0.1:8080:80/tcp", "--publish=5353:53/udp", "--", IMAGE],
    ),
    "volumes": (component(volumes=["/srv/a:/a:ro"]), [*FIRST, "--volume=/srv/a:/a:ro", "--", IMAGE]),
    "variables, by name, with whatever value": (
        component(env={"B": "--rm", "A": "x=y z"}),
        [*FIRST, "--env=A=x=y z", "--env=B=--rm", "--", IMAGE],
    ),
    "secrets as files": (
        component(secrets=[pb.SecretRef(name="db"), pb.SecretRef(name="key", file="/etc/key")]),
        [*FIRST, "--secret=db", "--secret=key,type=mount,target=/etc/key", "--", IMAGE],
    ),
    "limits": (
        component(resources=pb.Resources(memory="64m", cpus=0.5, pids=50)),
        [*FIRST, "--memory=64m", "--cpus=0.5", "--pids-limit=50", "--", IMAGE],
    ),
    "a stop timeout": (five_seconds(), [*FIRST, "--stop-timeout=5", "--", IMAGE]),
    "a command that looks like an option": (component(cmd=["--rm", "-v"]), [*FIRST, "--", IMAGE, "--rm", "-v"]),
}


@pytest.mark.parametrize(("spec", "arguments"), TABLE.values(), ids=TABLE.keys())
def test_a_component_becomes_these_arguments(spec: pb.ComponentSpec, arguments: list[str]) -> None:
    assert create_arguments("web-api", spec, {}) == arguments


def test_labels_follow_the_policy_by_name() -> None:
    arguments = create_arguments("web-api", component(), {"b": "2", "a": "1"})
    assert arguments == [*FIRST, "--label=a=1", "--label=b=2", "--", IMAGE]
