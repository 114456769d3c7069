"""The diagram of the packages on the architecture page, made from their imports."""

from __future__ import annotations

import re
from collections import defaultdict
from pathlib import Path

ROOT = Path(__file__).parents[2]
LAYERS = ("entrypoint", "servers", "shared")


def packages_diagram() -> str:
    """Draw the imports in Mermaid; packages with the same imports share a box, if no package imports them."""
    layers = {layer: sorted(path.parent.name for path in (ROOT / layer).glob("*/__init__.py")) for layer in LAYERS}
    arrows = direct_arrows(read_imports(layers))
    imported = set().union(*arrows.values())
    lines = ["flowchart TD"]
    edges: list[str] = []
    for layer, names in layers.items():
        boxes: defaultdict[tuple[str, ...], list[str]] = defaultdict(list)
        for name in names:
            boxes[*sorted(arrows[name]), name if name in imported else ""].append(name)
        lines.append(f"  subgraph {layer}")
        lines += [f'    {box[0]}["{"<br>".join(box)}"]' for box in boxes.values()]
        lines.append("  end")
        edges += [f"  {box[0]} --> {below}" for box in boxes.values() for below in sorted(arrows[box[0]])]
    return "\n".join(["```mermaid", *lines, *edges, "```"])


def read_imports(layers: dict[str, list[str]]) -> dict[str, set[str]]:
    """Return each package -> the packages of ours that its modules import."""
    ours = {name for names in layers.values() for name in names}
    found: dict[str, set[str]] = {}
    for layer, names in layers.items():
        for name in names:
            sources = (path.read_text(encoding="utf-8") for path in (ROOT / layer / name).rglob("*.py"))
            words = {word for text in sources for word in re.findall(r"^\s*(?:from|import) (\w+)", text, re.MULTILINE)}
            found[name] = (words & ours) - {name}
    return found


def direct_arrows(imports: dict[str, set[str]]) -> dict[str, set[str]]:
    """Return the imports without those that another import implies: the arrows that a picture needs."""

    def reached(name: str) -> set[str]:
        return imports[name].union(*(reached(below) for below in imports[name]))

    return {name: below - set().union(*(reached(other) for other in below)) for name, below in imports.items()}
