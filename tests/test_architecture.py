"""The tree tells the story, and these tests hold it: which layer may import which, how large a module may grow."""

from __future__ import annotations

import ast
import json
import re
from functools import cache
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent
MODULE_LINES = 400
FUNCTION_LINES, SHORT = 60, 30
GENERATED = ("_pb2", "_pb2_grpc")  # no rule of style applies to what protoc writes

# What each package may import of ours. A server never imports another, the entrypoint imports no server:
# it learns of servers from the installation and starts them as processes.
SHARED = {
    "ci_mcp_kit": set(),
    "ci_mcp_logs": {"ci_mcp_kit"},
    "ci_mcp_simulator": {"ci_mcp_kit"},
    "gitea_simulator": set(),
    "ci_mcp_http": {"ci_mcp_kit"},
    "drone_mcp_client": {"ci_mcp_http", "ci_mcp_kit"},
    "forge_client": {"ci_mcp_http", "ci_mcp_kit"},
    "monitoring_client": {"ci_mcp_http", "ci_mcp_kit"},
    "coder_client": {"ci_mcp_http", "ci_mcp_kit"},
    "drone_mcp_nodes_api": {"ci_mcp_kit"},
    "drone_mcp_build": {"drone_mcp_client", "ci_mcp_http", "ci_mcp_kit", "ci_mcp_logs"},
    "drone_mcp_state": {"drone_mcp_client", "ci_mcp_kit"},
    "drone_mcp_deployments": {"drone_mcp_build", "drone_mcp_client", "ci_mcp_http", "ci_mcp_kit"},
    "drone_mcp_known": {"drone_mcp_build", "drone_mcp_client", "ci_mcp_kit", "drone_mcp_state"},
    "drone_mcp_status": {"drone_mcp_build", "drone_mcp_client", "ci_mcp_kit", "drone_mcp_known", "drone_mcp_state"},
    "drone_mcp_diagnosis": {
        "ci_mcp_http",
        "ci_mcp_kit",
        "ci_mcp_logs",
        "drone_mcp_build",
        "drone_mcp_client",
        "drone_mcp_known",
    },
    "forge_access": {
        "drone_mcp_build",
        "drone_mcp_client",
        "drone_mcp_known",
        "forge_client",
        "ci_mcp_http",
        "ci_mcp_kit",
    },
}

# What each folder and module at the top of the entrypoint may import of it.
GROUND = {"errors", "secret_recognition", "variable_references"}
ENTRYPOINT = {
    "errors": set(),
    "secret_recognition": set(),
    "variable_references": set(),
    "installation": GROUND,
    "roles": GROUND | {"installation"},
    "plan": GROUND | {"installation", "roles"},
    "checking": GROUND | {"installation", "plan"},
    "drone": GROUND | {"checking"},
    "clients": GROUND | {"drone", "installation", "plan", "roles"},
    "serving": GROUND | {"drone", "installation", "plan", "roles"},
    "agents": GROUND | {"checking", "clients", "drone", "installation", "plan", "roles"},
    "demo": GROUND | {"checking", "clients", "installation", "plan", "roles"},
}
ENTRYPOINT["commands"] = {*ENTRYPOINT}
ENTRYPOINT["cli"] = {*ENTRYPOINT}
ENTRYPOINT["__main__"] = {"cli"}

# The packages that speak gRPC; all others do without its libraries, which are an extra of the distribution.
SPEAK_GRPC = {"drone_mcp_nodes_api", "drone_mcp_node_agent", "drone_mcp_nodes", "drone_nodes"}

# The modules that use asyncio instead of anyio; each says why.
USE_ASYNCIO = (
    "shared/ci_mcp_kit/background.py",
    "shared/ci_mcp_kit/redis_client.py",
    "shared/ci_mcp_simulator/serving.py",
)

pytestmark = pytest.mark.checkout


def packages(layer: str) -> list[Path]:
    return sorted(path.parent for path in (ROOT / layer).glob("*/__init__.py"))


def modules(package: Path) -> list[Path]:
    return sorted(module for module in package.rglob("*.py") if not module.stem.endswith(GENERATED))


@cache
def nodes(module: Path) -> tuple[ast.AST, ...]:
    """Return all nodes of a module, which nobody may change."""
    return tuple(ast.walk(ast.parse(module.read_text(encoding="utf-8"))))


def functions(package: Path) -> dict[str, int]:
    """Return how many lines each function of a package has."""
    return {
        f"{module.relative_to(ROOT)}:{node.lineno} {node.name}": (node.end_lineno or 0) - node.lineno + 1
        for module in modules(package)
        for node in nodes(module)
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)
    }


@cache
def imported(module: Path) -> set[str]:
    """Return the full names of what a module imports, a module or something in one, wherever the import stands."""
    names: set[str] = set()
    for node in nodes(module):
        if isinstance(node, ast.Import):
            names.update(alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.module and not node.level:
            names.update({node.module, *(f"{node.module}.{alias.name}" for alias in node.names)})
    return names


def imports_within(package: Path) -> dict[str, set[str]]:
    """Return for each module of a package those of its modules that it imports, at whatever place and for types too."""
    paths = {".".join(path.relative_to(package.parent).with_suffix("").parts): path for path in modules(package)}
    known = {name.removesuffix(".__init__"): path for name, path in paths.items()}
    edges: dict[str, set[str]] = {}
    for name, path in known.items():
        found = set(imported(path))
        for node in nodes(path):
            if isinstance(node, ast.ImportFrom) and node.module and not node.level:
                below = {f"{node.module}.{alias.name}" for alias in node.names} & known.keys()
                # `from package import module` is no use of the package's own names
                found = found | below if len(below) < len(node.names) else (found - {node.module}) | below
        edges[name] = found & known.keys() - {name}
    return edges


def circles(edges: dict[str, set[str]]) -> list[str]:
    """Return the modules that import themselves by way of others."""

    def reach(start: str) -> set[str]:
        seen: set[str] = set()
        todo = set(edges[start])
        while todo:
            name = todo.pop()
            seen.add(name)
            todo |= edges[name] - seen
        return seen

    return [name for name in edges if name in reach(name)]


def ours(package: Path) -> set[str]:
    found = {name.split(".")[0] for module in modules(package) for name in imported(module)}
    return found & {other.name for layer in ("shared", "servers", "entrypoint") for other in packages(layer)} - {
        package.name
    }


@cache
def texts_of(module: Path) -> tuple[str, ...]:
    """Return the strings of a module without those that stand alone: docstrings show examples."""
    alone = {id(node.value) for node in nodes(module) if isinstance(node, ast.Expr)}
    constants = (node for node in nodes(module) if isinstance(node, ast.Constant) and id(node) not in alone)
    return tuple(node.value for node in constants if isinstance(node.value, str))


MANIFESTS = sorted((ROOT / "servers").glob("*/manifest.json"))
ALL_PACKAGES = [package for layer in ("shared", "servers", "entrypoint") for package in packages(layer)]
CI_PACKAGES = [package for package in ALL_PACKAGES if package.name.startswith("ci_mcp_")]  # they know no CI server
# The product's own name is no mention of Drone: the distribution and its command (drone-mcp, drone-mcp-config), its
# variables (DRONE_MCP_STATE), metrics and context variables (drone_mcp_operations). The name of a package or a server
# that is about Drone is one (drone_mcp_client, drone-mcp-builds).
ABOUT_DRONE = {path.name.removeprefix("drone_mcp_") for path in ALL_PACKAGES if path.name.startswith("drone_mcp_")}
PRODUCT = re.compile(
    rf"DRONE_MCP_|drone_mcp(?!_(?:{'|'.join(ABOUT_DRONE)})\b)|drone-mcp(?!-(?:{'|'.join(ABOUT_DRONE - {'config'})})\b)"
)
ALL_MODULES = [module for package in ALL_PACKAGES for module in modules(package)]


@pytest.mark.parametrize("package", packages("shared"), ids=lambda p: p.name)
def test_a_shared_package_imports_only_what_it_stands_on(package: Path) -> None:
    assert ours(package) <= SHARED[package.name]


@pytest.mark.parametrize("package", CI_PACKAGES, ids=lambda p: p.name)
def test_a_ci_package_imports_nothing_of_ours_but_ci_packages(package: Path) -> None:
    assert ours(package) <= {package.name for package in CI_PACKAGES}


@pytest.mark.parametrize("package", CI_PACKAGES, ids=lambda p: p.name)
def test_a_ci_package_never_mentions_drone(package: Path) -> None:
    files = [path for path in package.rglob("*") if path.is_file() and "__pycache__" not in path.parts]
    assert files
    named = [path for path in files if "drone" in str(path.relative_to(package)).lower()]
    read = [path for path in files if "drone" in PRODUCT.sub("", path.read_text(encoding="utf-8")).lower()]
    assert [*named, *read] == []


@pytest.mark.parametrize("package", packages("servers") + packages("entrypoint"), ids=lambda p: p.name)
def test_servers_and_the_entrypoint_import_nothing_of_ours_but_shared(package: Path) -> None:
    assert ours(package) <= SHARED.keys() | ({"drone_mcp_config"} if package.name == "drone_mcp_cli" else set())


def test_the_command_for_people_takes_servers_and_roles_from_where_clients_are_configured_and_nothing_else() -> None:
    names = {name for module in modules(ROOT / "entrypoint" / "drone_mcp_cli") for name in imported(module)}
    folders = {name.split(".")[1] for name in names if name.startswith("drone_mcp_config.")}
    assert folders <= {"errors", "installation", "roles", "serving"}


def test_the_command_for_people_names_tools_in_one_place() -> None:
    root = ROOT / "entrypoint" / "drone_mcp_cli"
    tools = {tool["name"] for manifest in MANIFESTS for tool in json.loads(manifest.read_text())["tools"]}
    named = {module.name for module in modules(root) if tools & set(re.findall(r"\w+", module.read_text("utf-8")))}
    assert named - {"next_steps.py"} == {"tool_names.py"}


@pytest.mark.parametrize("package", ALL_PACKAGES, ids=lambda p: p.name)
def test_no_modules_of_a_package_import_each_other_in_a_circle(package: Path) -> None:
    assert circles(imports_within(package)) == []


def test_a_circle_of_imports_would_be_found() -> None:
    assert circles({"a": {"b"}, "b": {"c"}, "c": {"a"}, "d": {"a"}}) == ["a", "b", "c"]


@pytest.mark.parametrize("folder", packages("servers/drone_mcp_logs"), ids=lambda p: p.name)
def test_a_folder_of_the_logs_server_imports_itself_and_what_is_common(folder: Path) -> None:
    names = {name for module in modules(folder) for name in imported(module) if name.startswith("drone_mcp_logs")}
    assert {name for name in names if name.split(".")[1:2] not in (["common"], [folder.name])} == set()


def entrypoint_modules() -> dict[str, set[str]]:
    """Return each module of the entrypoint -> those of it that it imports, named from its root."""
    root = ROOT / "entrypoint" / "drone_mcp_config"
    found = {".".join(module.relative_to(root).with_suffix("").parts): module for module in modules(root)}
    arrows = {name: {i.removeprefix("drone_mcp_config.") for i in imported(m)} & {*found} for name, m in found.items()}
    return {name: names for name, names in arrows.items() if name.rpartition(".")[2] != "__init__"}


def test_a_folder_of_the_entrypoint_imports_only_what_it_stands_on() -> None:
    arrows = {(name.split(".")[0], i.split(".")[0]) for name, names in entrypoint_modules().items() for i in names}
    assert {(one, other) for one, other in arrows if one != other and other not in ENTRYPOINT[one]} == set()


def test_the_entrypoint_names_no_server_and_none_of_their_variables_but_where_it_is_about_drone() -> None:
    root = ROOT / "entrypoint" / "drone_mcp_config"
    manifests = [json.loads(manifest.read_text(encoding="utf-8")) for manifest in MANIFESTS]
    services = {variable for one in manifests for service in one["services"] for variable in service.values()}
    guards = [one["guard"] for one in manifests if "guard" in one]
    keys = {key["variable"] for guard in guards for key in guard["keys"].values()}
    names = {one[fact] for one in manifests for fact in ("server", "command", "module")}
    known = services | keys | names | {guard[fact] for guard in guards for fact in ("mode", "token")}
    found = {
        (str(module.relative_to(root)), word)
        for module in modules(root)
        if module.relative_to(root).parts[0] not in {"drone", "demo"}
        for text in texts_of(module)
        for word in re.findall(r"[\w-]+", text)
        if word in known - {"Drone"}
    }
    assert found == set()


def test_no_modules_of_the_entrypoint_import_each_other_in_a_circle() -> None:
    left = entrypoint_modules()
    while free := {name for name, names in left.items() if not names & {*left}}:
        left = {name: names for name, names in left.items() if name not in free}
    assert left == {}


@pytest.mark.parametrize("package", ALL_PACKAGES, ids=lambda p: p.name)
def test_a_module_stays_under_the_line_limit(package: Path) -> None:
    lines = {str(module.relative_to(ROOT)): len(module.read_text("utf-8").splitlines()) for module in modules(package)}
    assert {module: count for module, count in lines.items() if count > MODULE_LINES} == {}


@pytest.mark.parametrize("package", ALL_PACKAGES, ids=lambda p: p.name)
def test_no_function_outgrows_a_screen(package: Path) -> None:
    assert {name: lines for name, lines in functions(package).items() if lines > FUNCTION_LINES} == {}


@pytest.mark.parametrize("package", ALL_PACKAGES, ids=lambda p: p.name)
def test_nine_of_ten_functions_of_a_package_are_short(package: Path) -> None:
    lengths = sorted(functions(package).values())
    assert lengths[len(lengths) * 9 // 10] <= SHORT


@pytest.mark.parametrize("package", ALL_PACKAGES, ids=lambda p: p.name)
def test_every_package_is_typed_for_those_who_import_it(package: Path) -> None:
    assert (package / "py.typed").exists()


@pytest.mark.parametrize("package", packages("shared"), ids=lambda p: p.name)
def test_no_shared_package_tells_an_agent_to_call_a_tool_that_its_role_may_lack(package: Path) -> None:
    tools = {tool["name"] for manifest in MANIFESTS for tool in json.loads(manifest.read_text())["tools"]}
    texts = [text for module in modules(package) for text in texts_of(module)]
    assert [text for text in texts if any(tool in text for tool in tools)] == []


def test_asyncio_is_used_where_anyio_has_no_counterpart_and_nowhere_else() -> None:
    users = {module for module in ALL_MODULES if any(name.split(".")[0] == "asyncio" for name in imported(module))}
    assert users == {ROOT / module for module in USE_ASYNCIO}


@pytest.mark.parametrize("package", ALL_PACKAGES, ids=lambda p: p.name)
def test_grpc_is_imported_by_the_packages_of_the_nodes_and_no_other(package: Path) -> None:
    names = {name for module in modules(package) for name in imported(module)}
    speaks = any(
        name.split(".")[0] in {"grpc", "drone_mcp_nodes_api"} or name.startswith("google.protobuf") for name in names
    )
    assert not speaks or package.name in SPEAK_GRPC


@cache
def compound_class_names() -> set[str]:
    names = {node.name for module in ALL_MODULES for node in nodes(module) if isinstance(node, ast.ClassDef)}
    return {name for name in names if re.fullmatch(r"(?:[A-Z][a-z]+){2,}", name)}


def is_expression(text: str) -> bool:
    """Return whether a string is Python, like a type in quotes."""
    try:
        ast.parse(text, mode="eval")
    except SyntaxError:
        return False
    return True


@pytest.mark.parametrize("package", ALL_PACKAGES, ids=lambda p: p.name)
def test_no_text_names_a_class_of_ours(package: Path) -> None:
    # Renaming a class in all texts at once has changed messages to users, too.
    texts = [text for module in modules(package) for text in texts_of(module)]
    named = [text for text in texts if " " in text and compound_class_names() & set(re.findall(r"\w+", text))]
    assert [text for text in named if not is_expression(text)] == []


def test_every_server_can_be_run_as_a_module() -> None:
    without = [package.name for package in packages("servers") if not (package / "__main__.py").exists()]
    assert without == []


@pytest.mark.parametrize("layer", ["shared", "servers", "entrypoint"])
def test_tests_mirror_the_tree(layer: str) -> None:
    folders = {test.parent.relative_to(ROOT / "tests") for test in (ROOT / "tests" / layer).rglob("test_*.py")}
    # The properties are those of the Jenkins server as a whole.
    others = {layer, "servers/jenkins_mcp/properties"}
    assert {str(folder) for folder in folders if not any((ROOT / folder).glob("*.py"))} <= others


@pytest.mark.parametrize("package", ALL_PACKAGES, ids=lambda p: p.name)
def test_every_package_has_tests_in_its_place(package: Path) -> None:
    assert list((ROOT / "tests" / package.relative_to(ROOT)).rglob("test_*.py")) != []
