from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import BaseModel, Field, create_model

from ci_mcp_kit.schemas import flatten, outline, outline_names


class Part(BaseModel):
    """A part."""

    title: str
    size: int | None = None


TYPES = st.recursive(
    st.sampled_from([int, str, bool, Part]),
    lambda inner: st.one_of(
        inner.map(lambda kind: list[kind]),  # type: ignore[valid-type]  # made at run time
        inner.map(lambda kind: dict[str, kind]),  # type: ignore[valid-type]  # made at run time
        inner.map(lambda kind: kind | None),
    ),
    max_leaves=4,
)


def every(node: Any) -> list[Any]:
    inner = node.values() if isinstance(node, dict) else node if isinstance(node, list) else []
    return [node, *(item for child in inner for item in every(child))]


@given(st.dictionaries(st.sampled_from(["title", "size", "items", "anyOf", "properties"]), TYPES, min_size=1))
def test_any_model_is_flat(fields: dict[str, Any]) -> None:
    definitions: dict[str, Any] = {f"f_{name}": (kind, Field(alias=name)) for name, kind in fields.items()}
    model: type[BaseModel] = create_model("Any", **definitions)
    flat = flatten(model.model_json_schema())
    assert flat["properties"].keys() == fields.keys()
    text = json.dumps(flat)
    assert "$ref" not in text
    assert "$defs" not in text
    assert {"type": "null"} not in every(flat)


def test_a_name_that_is_a_keyword_of_schemas_stays_a_name() -> None:
    flat = flatten(Part.model_json_schema())
    assert flat == {
        "description": "A part.",
        "type": "object",
        "properties": {"title": {"type": "string"}, "size": {"type": "integer"}},
        "required": ["title"],
    }


class Whole(BaseModel):
    """A whole."""

    name: str = Field(description="of it")
    size: int = 3
    part: Part | None = None
    parts: list[Part] = Field(default=[], description="each")
    reported: Part = Field(description="as elsewhere")
    holders: list[Holder] = []


class Holder(BaseModel):
    """Holds parts."""

    parts: list[Part]
    count: int = Field(description="parts")


def test_an_outline_names_what_is_within_and_types_what_is_always_there() -> None:
    Whole.model_rebuild()
    part = {"type": "object", "description": "title, size"}
    assert outline(Whole.model_json_schema()) == {
        "type": "object",
        "properties": {
            "name": {"type": "string", "description": "of it"},
            "size": {},
            "part": part,
            "parts": {"type": "array", "items": part, "description": "each"},
            "reported": {"type": "object", "description": "as elsewhere"},
            "holders": {
                "type": "array",
                "items": {"type": "object", "description": "parts (title, size), count (parts)"},
            },
        },
        "required": ["name", "reported"],
    }


def test_a_brief_outline_names_what_is_always_there_alone() -> None:
    Whole.model_rebuild()
    assert outline_names(Whole, brief=True) == {"type": "object", "properties": {"name": {}, "reported": {}}}


def test_an_outline_of_names_tells_which_are_always_there() -> None:
    Whole.model_rebuild()
    names = outline_names(Whole)
    assert names["required"] == ["name", "reported"]
    assert list(names["properties"]) == ["name", "size", "part", "parts", "reported", "holders"]
    assert not any(names["properties"].values())


def test_a_name_of_what_may_be_null_is_not_required() -> None:
    assert "required" not in outline_names(create_model("M", a=(int | None, ...)))


def test_what_may_be_null_is_not_required() -> None:
    model = create_model("M", a=(int | None, ...), b=(Part | None, Field(description="B")), c=(int | str | None, 1))
    flat = flatten(model.model_json_schema())
    assert "required" not in flat
    assert flat["properties"]["a"] == {"type": "integer"}
    assert flat["properties"]["b"]["description"] == "B"
    assert flat["properties"]["c"] == {"anyOf": [{"type": "integer"}, {"type": "string"}], "default": 1}


class Tree(BaseModel):
    children: list[Tree] = []


def test_a_schema_that_refers_to_itself_is_refused() -> None:
    with pytest.raises(ValueError, match="Tree refers to itself"):
        flatten(Tree.model_json_schema())
