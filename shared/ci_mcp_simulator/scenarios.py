"""Reads the YAML files from which worlds are made."""

from __future__ import annotations

from pathlib import Path
from typing import TypeVar

import yaml
from pydantic import BaseModel, ValidationError

ScenarioModel = TypeVar("ScenarioModel", bound=BaseModel)


class ScenarioError(Exception):
    """The scenario is invalid; the message names the place and the reason."""


def read_scenario(model: type[ScenarioModel], folder: Path, name: str) -> ScenarioModel:
    """Return the scenario of a name in the folder of those that are shipped, otherwise of a file.

    Raises:
        ScenarioError: there is none of that name, or it is invalid.
    """
    shipped = {path.stem: path for path in folder.glob("*.yaml")}
    path = shipped.get(name, Path(name))
    try:
        return model.model_validate(yaml.safe_load(path.read_text(encoding="utf-8")))
    except OSError as error:
        raise ScenarioError(f"no scenario {name!r}: neither a file nor one of {', '.join(sorted(shipped))}") from error
    except yaml.YAMLError as error:
        raise ScenarioError(f"{name}: not YAML: {str(error).splitlines()[0]}") from error
    except ValidationError as error:
        first = error.errors(include_url=False)[0]
        raise ScenarioError(f"{name}: {'.'.join(map(str, first['loc']))}: {first['msg']}") from error
