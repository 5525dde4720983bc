"""JSON schemas of request bodies, made of the record contract that the same bodies are read by."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from graph.features.lending.grammar import PATTERN
from ingestion.column_guide import GUIDE
from ingestion.contract import APPLICATIONS, EVENTS, LABELS, OUTCOMES, RELATIONS, Cell, Column, Table
from ingestion.identifiers.hashes import SCHEMES
from investigations.assessments import Stage
from service.assessment.answers.fields import FIELDS, MOST_NAMES
from service.assessment.bodies import flat

Schema = dict[str, Any]
MOST = 1_000  # requests or facts in one body
_TEXT: Schema = {"type": "string", "maxLength": 512}
_SHAPES: dict[Cell, Schema] = {
    Cell.ID: _TEXT | {"minLength": 1},
    Cell.TEXT: _TEXT,
    Cell.WORD: {"type": "string"},
    Cell.TIME: {"type": "string", "format": "date-time"},
    Cell.AMOUNT: {"type": "number", "minimum": 0},
    Cell.SHARE: {"type": "number"},
    Cell.WHOLE: {"type": "integer"},
    Cell.FLAG: {"type": "boolean"},
    Cell.IDENTIFIER: _TEXT,
}
_BOUNDED = (Cell.SHARE, Cell.WHOLE)
# Groups in which the field's APIs give columns; any other group is read likewise (docs/risk_api.md).
_GROUPS = {
    "device": ("What is known of the device.", ("id", "ip", "wifi")),
    "verification": ("What was verified.", ("face_match", "liveness", "phone_three_element")),
    "profile": ("What is known of the person.", ("birth_year", "city", "new_citizen")),
}
_NEEDED = {
    Stage.APPLICATION: [
        column.name for column in APPLICATIONS.columns if column.required and column.name != "applied_at"
    ],
    Stage.DISBURSEMENT: ["stage", "application_id"],
    Stage.MONITORING: ["stage", "applicant_id"],
}
_ABOUT = {
    Stage.APPLICATION: (
        "An application: the columns of an `applications` row, flat or in groups. It is stored, and "
        "assessed as of its arrival."
    ),
    Stage.DISBURSEMENT: (
        "The application once more, just before the money leaves: whole, or the `application_id` of one "
        "that was sent before."
    ),
    Stage.MONITORING: "An applicant who is watched, without an application.",
}
EXAMPLE = {
    "application_id": "2026-000124",
    "applicant_id": "C-8842",
    "platform_id": "L01",
    "product": "cash",
    "amount": 8000,
    "term_months": 12,
    "national_id": "11010519491231002X",
    "phone": "+86 150-7315-7065",
    "device": {"id": "6f1f9a62c0de4b7f", "ip": "10.8.0.7"},
    "verification": {"face_match": 0.97, "liveness": 0.99},
}
"""The documented example."""


def components() -> dict[str, Schema]:
    """Every request body by its name."""
    stages = {f"{stage.value.capitalize()}Request": _at_stage(stage) for stage in Stage}
    risk: Schema = {"description": "What is assessed, by its stage.", "anyOf": [ref(name) for name in stages]}
    return stages | {
        "PartName": {"type": "string", "enum": list(FIELDS), "description": "A part of an answer."},
        "VariableName": {
            "type": "string",
            "pattern": PATTERN,
            "description": "A multi-lending variable (docs/multi_lending.md, docs/variables.md).",
            "examples": ["ml_7d_person_all_lenders", "ml_6h_device_nbank_cf_apps"],
        },
        "RiskRequest": risk,
        "BatchRequest": _batch(),
        "Event": _table(EVENTS, "A login, a transfer, a repayment or the like.")
        | {"examples": [_example(EVENTS)]},
        "Outcome": _table(OUTCOMES, "What became of an application.") | {"examples": [_example(OUTCOMES)]},
        "Label": _table(
            LABELS,
            "What somebody concluded about an application or, where it names none, about an applicant.",
        ),
    }


def ref(name: str) -> Schema:
    """A reference to a component."""
    return {"$ref": f"#/components/schemas/{name}"}


def many(schema: Schema) -> Schema:
    """A list of up to a thousand."""
    return {"type": "array", "items": schema, "maxItems": MOST}


def _at_stage(stage: Stage) -> Schema:
    schema = _table(APPLICATIONS, _ABOUT[stage], needed=_NEEDED[stage])
    word: Schema = {
        "type": "string",
        "enum": [stage.value],
        "description": "When in the loan's life it is assessed.",
    }
    schema["properties"] = {
        "stage": word | ({"default": stage.value} if stage is Stage.APPLICATION else {}),
        **schema["properties"],
        **{name: _group(name) for name in _GROUPS},
        "contacts": _contacts(),
        **_wishes(),
    }
    schema["examples"] = [
        EXAMPLE
        if stage is Stage.APPLICATION
        else {"stage": stage.value} | {n: EXAMPLE[n] for n in _NEEDED[stage][1:]}
    ]
    return schema


def _batch() -> Schema:
    requests = many(ref("RiskRequest")) | {"description": "What is assessed, in order."}
    about = (
        "Up to a thousand requests; what is wanted of the answers counts for all that do not say otherwise."
    )
    return {
        "type": "object",
        "description": about,
        "properties": {"requests": requests, **_wishes()},
        "required": ["requests"],
    }


def _wishes() -> dict[str, Schema]:
    """What of the answer is wanted."""
    lists = {
        "fields": ("PartName", "Parts of the answer", "all"),
        "variables": ("VariableName", "Multi-lending variables", "the standard set"),
    }
    return {
        key: _nullable(
            {"type": "array", "items": ref(name), "maxItems": MOST_NAMES},
            f"{what} that are wanted; default: {default}.",
        )
        for key, (name, what, default) in lists.items()
    }


def _contacts() -> Schema:
    phone = _column(APPLICATIONS.column("contact_phone_1"))
    relation = {
        "type": "string",
        "enum": list(RELATIONS),
        "description": "With `self` the phone is the applicant's own; others are named in `ignored`.",
    }
    one = {
        "type": "object",
        "description": "A contact.",
        "properties": {"phone": phone, "relation": relation},
    }
    about = "Phones of contacts, or objects with a phone; all are kept, up to a hundred."
    return {
        "type": "array",
        "maxItems": 100,
        "description": about,
        "items": {"anyOf": [_TEXT, one]},
        "examples": [["13912345678"]],
    }


def _group(name: str) -> Schema:
    about, leaves = _GROUPS[name]
    results = {leaf: next(iter(flat({name: {leaf: "x"}}).row)) for leaf in leaves}
    return {
        "type": "object",
        "description": about,
        "properties": {leaf: _column(APPLICATIONS.column(column)) for leaf, column in results.items()},
    }


def _table(table: Table, about: str, needed: Iterable[str] | None = None) -> Schema:
    """A row as an object. Where nothing is required but one of some, the description says so, for what reads
    schemas seldom reads that.
    """
    required = (
        [column.name for column in table.columns if column.required] if needed is None else list(needed)
    )
    if table.one_of:
        about += f" One of {' and '.join(f'`{name}`' for name in table.one_of)} is required."
    properties = {column.name: _column(column, null=column.name not in required) for column in table.columns}
    if any(column.cell is Cell.IDENTIFIER for column in table.columns):
        schemes = f"How identifiers are given: `raw` (default), or hashed by {', '.join(SCHEMES)}."
        properties["hash_scheme"] = _nullable({"type": "string", "examples": ["sha256"]}, schemes)
    return {"type": "object", "description": about, "properties": properties, "required": required}


def _column(column: Column, *, null: bool = True) -> Schema:
    schema = dict(_SHAPES[column.cell])
    if column.words:
        schema["enum"] = list(column.words)
    if column.cell in _BOUNDED:
        schema |= {"minimum": column.low, "maximum": column.high}
    if column.cell is Cell.WHOLE:
        schema |= {"minimum": int(column.low), "maximum": int(column.high)}
    guide = GUIDE[column.name]
    schema["examples"] = [guide.example]
    return _nullable(schema, guide.about) if null else schema | {"description": guide.about}


def _nullable(schema: Schema, about: str) -> Schema:
    """The same, or null: *not known*, and for a wish *all*."""
    if "enum" in schema:
        return {"anyOf": [schema, {"type": "null"}], "description": about}
    return schema | {"type": [schema["type"], "null"], "description": about}


def _example(table: Table) -> Schema:
    return {column.name: GUIDE[column.name].example for column in table.columns if column.required}
