"""JSON Schemas of every file format, derived from the declarations the checker reads and writes with.

This is the only module that pays for importing pydantic (see `speedrun_ci.fields`).

A file is valid exactly if the checker reads it without a fault, but for one thing that JSON Schema cannot say: the
first `start` of a batch schedule is 0 and each is greater than the one before.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Any

from pydantic import BaseModel, ConfigDict, Field, TypeAdapter, create_model
from pydantic.json_schema import models_json_schema

from speedrun_ci.fields import MAX_COUNT, MAX_SCHEDULE, specs
from speedrun_ci.flops.architecture import DIMENSION_KEYS, LARGEST_DIMENSION, LENGTH_KEYS, least_dimension
from speedrun_ci.report.json import CheckData
from speedrun_ci.results import C4, EVALUATION_PATTERN, MAX_RUNS, RUN_KEYS, SYNTHETIC, RunInfo

if TYPE_CHECKING:
    from collections.abc import Callable

    from speedrun_ci.fields import Spec

DIALECT = "https://json-schema.org/draft/2020-12/schema"


class _BatchStep(BaseModel):
    """A batch size, from a step on."""

    start: Annotated[int, Field(ge=0, lt=MAX_COUNT)]
    value: Annotated[int, Field(ge=1, lt=MAX_COUNT)]


_TYPES: dict[str, Any] = {
    "text": str,
    "number": float,
    "integer": int,
    "object": dict[str, Any],
    "texts": list[str],
    "batch": Annotated[int, Field(ge=1, lt=MAX_COUNT)]
    | Annotated[list[_BatchStep], Field(min_length=1, max_length=MAX_SCHEDULE)],
    "any": Any,
}


_INERT: list[dict[str, Any]] = [{"type": "null"}, {"const": False}, {"const": "none"}]
"""Values with which a key of a model is as good as absent."""


def run_info_model() -> type[BaseModel]:
    """Return a pydantic model that accepts what `speedrun_ci.results` reads without a fault."""
    # Both keywords bind numbers only, as the reader does: a dimension of a custom model may be anything else.
    dimensions: dict[str, Any] = {
        name: {"minimum": least_dimension(name), "maximum": LARGEST_DIMENSION, "multipleOf": 1}
        for name in DIMENSION_KEYS
    }
    dimensions |= {
        name: {"anyOf": [{"type": "integer", "minimum": 1, "maximum": LARGEST_DIMENSION}, *_INERT]}
        for name in LENGTH_KEYS
    }
    extra: dict[str, Any] = {
        "allOf": [{"properties": {"model_config": {"properties": dimensions}}}],
        "patternProperties": {EVALUATION_PATTERN: {"exclusiveMinimum": 0, "type": ["number", "null"]}},
        "anyOf": [
            {"required": [bpb], "properties": {bpb: {"type": "number"}}}
            for bpb in (f"eval/{C4}/bpb", f"eval/{SYNTHETIC}/bpb")
        ],
    }
    return _model(RunInfo, extra)


def results_schema() -> dict[str, Any]:
    """Return the schema of `speedrun_results.json`, in every form it has had."""
    info = run_info_model()
    entry = create_model("Entry", __config__=_no_second_form("run_info"), run_info=(info, ...), __doc__="One run.")
    runs: Any = Annotated[list[entry], Field(min_length=1, max_length=MAX_RUNS)]  # type: ignore[valid-type]
    config = _no_second_form("runs")
    newest = create_model(
        "ResultsFile", __config__=config, runs=(runs, ...), __doc__="The newest form: a list of runs."
    )
    forms, definitions = models_json_schema([(model, "validation") for model in (newest, entry, info)])
    # A union of the three would let a file with a broken list of runs pass as one of the older forms.
    bare = {"if": {"required": ["run_info"]}, "then": forms[entry, "validation"], "else": forms[info, "validation"]}
    schema = {
        "type": "object",
        "if": {"required": ["runs"]},
        "then": forms[newest, "validation"],
        "else": bare,
        **definitions,
    }
    return _titled(schema, "speedrun_results.json", "What training writes: the figures and configuration of runs.")


def _no_second_form(own: str) -> ConfigDict:
    """Return a configuration under which nothing that leads to a run may stand beside `own`."""
    others: list[Any] = [{"enum": sorted(RUN_KEYS - {own})}, {"pattern": EVALUATION_PATTERN}]
    return ConfigDict(json_schema_extra={"propertyNames": {"not": {"anyOf": others}}})


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
    # The schema shows the keys; by these names pydantic would take `model_config` for its own configuration.
    fields: dict[str, Any] = {f"{attribute}_field": _field(spec) for attribute, spec in specs(declared)}
    config = ConfigDict(extra="allow", json_schema_extra=extra)
    made: type[BaseModel] = create_model(declared.__name__, __config__=config, __doc__=declared.__doc__, **fields)
    return made


def _field(spec: Spec) -> tuple[Any, Any]:
    kind: Any = _model(spec.model) if spec.model is not None else _TYPES[spec.kind]
    bounds: dict[str, Any] = {"gt": spec.above, "le": spec.most}
    if spec.kind == "integer":
        bounds["lt"] = MAX_COUNT
    bounded: Any = Annotated[kind, Field(**{name: bound for name, bound in bounds.items() if bound is not None})]
    if spec.required:
        return bounded, Field(alias=spec.key, description=spec.doc)
    return bounded | None, Field(default=None, alias=spec.key, description=spec.doc)


def _titled(schema: dict[str, Any], title: str, description: str) -> dict[str, Any]:
    rest = {key: value for key, value in schema.items() if key not in ("title", "description")}
    return {"$schema": DIALECT, "title": title, "description": description, **rest}
