"""Components of services as Hypothesis draws them."""

from __future__ import annotations

from hypothesis import strategies as st

from drone_mcp_nodes_api.wire import agent_pb2 as pb

ports = st.sampled_from(["8080:80", "8080:80/tcp", "0.0.0.0:8080:80", "127.0.0.1:53:53/udp", "[::1]:80:80", "9:9/sctp"])
volumes = st.sampled_from(["/srv/a:/a", "/srv/a/:/a/", "/srv/a:/a:rw,z", "/srv/b:/b:ro", "data:/data", "/:/host:ro"])
texts = st.text(st.characters(exclude_characters="\0", exclude_categories=["Cs"]), max_size=8)


@st.composite
def components(draw: st.DrawFn) -> pb.ComponentSpec:
    return pb.ComponentSpec(
        name="api",
        image=draw(st.sampled_from(["demo/web:v1", "demo/web:v2"])),
        restart=draw(st.sampled_from(["", "no", "always", "on-failure", "on-failure:0", "on-failure:3"])),
        ports=draw(st.lists(ports, max_size=4)),
        volumes=draw(st.lists(volumes, max_size=4)),
        cmd=draw(st.lists(texts, max_size=3)),
        env=draw(st.dictionaries(texts.filter(bool), texts, max_size=3)),
        resources=draw(st.sampled_from([None, pb.Resources(), pb.Resources(memory="64m"), pb.Resources(cpus=0.5)])),
    )
