"""Service definitions for tests: a full one, and any."""

from __future__ import annotations

from string import ascii_letters, ascii_lowercase, ascii_uppercase, digits
from typing import Any

from hypothesis import strategies as st

from drone_mcp_nodes_api.definitions.problems import make_service

# Texts of an alphabet and not of regular expressions, of which Hypothesis draws each character by itself.
NAMES = st.text(ascii_letters + digits + "_.-", min_size=1, max_size=13).filter(lambda name: name[0] not in "_.-")
TEXTS = st.text(st.characters(exclude_characters="\0", exclude_categories=["Cs"]), max_size=20)
WORDS = st.text(ascii_lowercase + digits + ":_-", max_size=10).filter(lambda word: not word.startswith((":", "-")))
VARIABLES = st.text(ascii_uppercase + digits + "_", min_size=1, max_size=10).filter(lambda name: not name[0].isdigit())
SECONDS = st.integers(1, 86_400_000).map(lambda milliseconds: milliseconds / 1000)
PORTS = st.builds(
    "{}{}:{}{}".format,
    st.sampled_from(["", "127.0.0.1:", "[::1]:"]),
    st.integers(1, 65535),
    st.integers(1, 65535),
    st.sampled_from(["", "/tcp", "/udp", "/sctp"]),
)
VOLUMES = st.builds(
    "{}:/{}{}".format,
    st.sampled_from(["/srv/a", "data"]),
    st.text(ascii_lowercase + "/", max_size=9),
    st.sampled_from(["", ":ro"]),
)
CHECKS = st.one_of(
    st.fixed_dictionaries({"http": st.sampled_from(["http://127.0.0.1:8080/health", "8080/health", "8080"])}),
    st.fixed_dictionaries({"tcp": st.sampled_from(["127.0.0.1:5432", "5432", "[::1]:5432"])}),
    st.fixed_dictionaries({"exec": st.lists(TEXTS, min_size=1, max_size=3)}),
)
HEALTH = st.builds(
    lambda check, more: check | more,
    CHECKS,
    st.fixed_dictionaries(
        {},
        optional={"interval": SECONDS, "timeout": SECONDS, "start_period": SECONDS, "retries": st.integers(1, 1000)},
    ),
)
OPTIONAL = {
    "network": WORDS,
    "user": WORDS,
    "restart": st.sampled_from(["no", "always", "unless-stopped", "on-failure", "on-failure:3"]),
    "volumes": st.lists(VOLUMES, max_size=2),
    "cmd": st.lists(TEXTS, max_size=3),
    "env": st.dictionaries(VARIABLES, TEXTS, max_size=3),
    "secrets": st.lists(
        st.one_of(NAMES, st.fixed_dictionaries({"name": NAMES}, optional={"file": st.just("/etc/secret")})), max_size=2
    ),
    "resources": st.fixed_dictionaries(
        {},
        optional={
            "memory": st.sampled_from(["", "512m", "2g", "1048576"]),
            "cpus": st.floats(0, 4096),
            "pids": st.integers(0, 4_194_304),
        },
    ),
    "health": HEALTH,
    "stop_timeout": SECONDS,
    "order": st.sampled_from(["stop-first", "start-first"]),
}


@st.composite
def any_definition(draw: st.DrawFn) -> dict[str, Any]:
    """Draw the data of a definition that follows all rules."""
    names = draw(st.lists(NAMES, min_size=1, max_size=3, unique=True))
    components = []
    for index, name in enumerate(names):
        component = {"name": name, "image": "r/img:v1"} | draw(st.fixed_dictionaries({}, optional=OPTIONAL))
        if component.get("order") != "start-first":
            component["ports"] = [f"{1000 + index}:{draw(st.integers(1, 65535))}"]
        if index:
            component["depends_on"] = draw(st.lists(st.sampled_from(names[:index]), unique=True))
        components.append(component)
    more = draw(st.fixed_dictionaries({}, optional={"active": st.booleans()}))
    return {"name": draw(NAMES), "node": draw(NAMES), "components": components} | more


SERVICES = any_definition().map(make_service)

FULL: dict[str, Any] = {
    "name": "shop",
    "node": "node-1",
    "active": False,
    "components": [
        {
            "name": "web",
            "image": "registry.example.com:5000/shop/web:v1.2.0",
            "network": "front",
            "user": "1000:1000",
            "restart": "on-failure:3",
            "ports": ["127.0.0.1:8080:80/tcp"],
            "volumes": ["/srv/shop/data:/data:ro"],
            "cmd": ["serve", "--port", "80"],
            "env": {"LEVEL": "info"},
            "secrets": ["db-password", {"name": "key", "file": "/etc/key"}],
            "resources": {"memory": "512m", "cpus": 1.5, "pids": 100},
            "health": {"http": "http://127.0.0.1:8080/health", "interval": "2s", "retries": 5},
            "stop_timeout": "1m30s",
            "depends_on": ["db"],
        },
        {"name": "db", "image": "r/db", "order": "start-first"},
    ],
    "labels": {"team": "shop"},
}
