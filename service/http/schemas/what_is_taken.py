"""What a parameter or a field takes, in words, from its type: for whoever gave something else."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import msgspec

from ingestion.identifiers.recognise import scrubbed

_NOUNS = {"integer": "a whole number", "number": "a number", "boolean": "true or false", "string": "a text"}
_MOMENT = "a moment with its zone, such as 2026-01-05T10:00:00+08:00"


def what_is_wrong(value: Any, kind: Any, *, strict: bool) -> str | None:
    """Why a value is none of a kind, without the value itself; None where it is one. Unless `strict` a text
    may stand for a number.
    """
    try:
        msgspec.convert(value, kind, strict=strict)
    except msgspec.ValidationError:
        (schema,), named = msgspec.json.schema_components([kind])
        return scrubbed(f"must be {_said(schema, named)}")
    return None


def _said(schema: Mapping[str, Any], named: Mapping[str, Any]) -> str:
    if "anyOf" in schema:  # null beside it is the same as nothing
        return _said(next(one for one in schema["anyOf"] if one.get("type") != "null"), named)
    if "$ref" in schema:
        schema = named[schema["$ref"].rpartition("/")[2]]
    if "enum" in schema:
        return f"one of {', '.join(map(str, schema['enum']))}"
    kind = schema["type"]
    if kind == "object":
        most = schema.get("maxProperties")
        of = _said(schema["additionalProperties"], named)
        return f"an object{'' if most is None else f' of {most} fields at most'}, each value {of}"
    if schema.get("format") == "date-time":
        return _MOMENT
    if "pattern" in schema:
        return f"a text of the form {schema['pattern']}"
    if kind == "string":
        return _NOUNS[kind] + _bounds(schema.get("minLength"), schema.get("maxLength"), " of", " characters")
    return _NOUNS[kind] + _bounds(schema.get("minimum"), schema.get("maximum"), ",", "")


def _bounds(least: float | None, most: float | None, of: str, unit: str) -> str:
    if least is None and most is None:
        return ""
    if most is None:
        return f"{of} {least:,}{unit} or more"
    return f"{of} {most:,}{unit} at most" if least is None else f"{of} {least:,} to {most:,}{unit}"
