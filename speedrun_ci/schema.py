"""JSON Schemas of every file format, derived from the declarations the checker reads and writes with.

This is the only module that pays for importing pydantic (see `speedrun_ci.fields`).
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Any

from pydantic import BaseModel, ConfigDict, Field, TypeAdapter, create_model

from speedrun_ci.fields import MAX_COUNT, specs
from speedrun_ci.report.json import CheckData
from speedrun_ci.results import EVALUATION_KEYS, RunInfo

if TYPE_CHECKING:
    from collections.abc import Callable

    from speedrun_ci.fields import Spec

DIALECT = "https://json-schema.org/draft/2020-12/schema"


class _BatchStep(BaseModel):
    """A batch size, from a step on."""

    start: Annotated[int, Field(ge=0)]
    value: Annotated[int, Field(ge=1)]


_TYPES: dict[str, Any] = {
    "text": str,
    "number": float,
    "integer": int,
    "object": dict[str, Any],
    "texts": list[str],
    "batch": Annotated[int, Field(ge=1)] | Annotated[list[_BatchStep], Field(min_length=1)],
    "any": Any,
}


def run_info_model() -> type[BaseModel]:
    """Return a pydantic model that accepts what `speedrun_ci.results` reads without a fault."""
    extra: dict[str, Any] = {
        "patternProperties": {
            f"^eval/.+/({'|'.join(EVALUATION_KEYS)})$": {"exclusiveMinimum": 0, "type": ["number", "null"]}
        }
    }
    return _model(RunInfo, extra)


def results_schema() -> dict[str, Any]:
    """Return the schema of `speedrun_results.json`, in every form it has had."""
    info = run_info_model()
    entry = create_model("Entry", run_info=(info, ...), __doc__="One run.")
    runs: Any = Annotated[list[entry], Field(min_length=1)]  # type: ignore[valid-type]
    newest = create_model("ResultsFile", runs=(runs, ...), __doc__="The newest form: a list of runs.")
    forms: Any = newest | entry | info
    schema = TypeAdapter(forms).json_schema()
    return _titled(schema, "speedrun_results.json", "What training writes: the figures and configuration of runs.")


def check_schema() -> dict[str, Any]:
    """Return the schema of the document that `check --format json` prints."""
    schema = TypeAdapter(CheckData).json_schema()
    return _titled(schema, "check", "Everything one call of `speedrun-ci check --format json` found out.")


SCHEMAS: dict[str, Callable[[], dict[str, Any]]] = {
    "speedrun_results": results_schema,
    "check": check_schema,
}
"""Every schema by name; `schemas/NAME.schema.json` holds it."""


def _model(declared: type[Any], extra: dict[str, Any] | None = None) -> type[BaseModel]:
    fields: dict[str, Any] = {attribute: _field(spec) for attribute, spec in specs(declared)}
    config = ConfigDict(extra="allow", json_schema_extra=extra)
    made: type[BaseModel] = create_model(declared.__name__, __config__=config, __doc__=declared.__doc__, **fields)
    return made


def _field(spec: Spec) -> tuple[Any, Any]:
    kind: Any = _model(spec.model) if spec.model is not None else _TYPES[spec.kind]
    bounds: dict[str, Any] = {"gt": spec.above, "ge": spec.at_least}
    if spec.kind == "integer":
        bounds["lt"] = MAX_COUNT
    bounded: Any = Annotated[kind, Field(**{name: bound for name, bound in bounds.items() if bound is not None})]
    if spec.required:
        return bounded, Field(alias=spec.key, description=spec.doc)
    return bounded | None, Field(default=None, alias=spec.key, description=spec.doc)


def _titled(schema: dict[str, Any], title: str, description: str) -> dict[str, Any]:
    rest = {key: value for key, value in schema.items() if key not in ("title", "description")}
    return {"$schema": DIALECT, "title": title, "description": description, **rest}
