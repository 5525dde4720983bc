"""What a parameter or a field takes, from its type: moments as every other door reads them, and in words for
whoever gave something else.
"""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache
from typing import Any

import msgspec
from msgspec.inspect import DateTimeType, Metadata, Type, UnionType, type_info

from graph.model.moments import iso_moment
from ingestion.identifiers.recognise import scrubbed

_NOUNS = {"integer": "a whole number", "number": "a number", "boolean": "true or false", "string": "a text"}
_MOMENT = "a moment with its zone, such as 2026-01-05T10:00:00+08:00"


def with_moments(given: Mapping[str, Any], kind: type[msgspec.Struct]) -> dict[str, Any]:
    """What was given for a kind, its moments read as those of a delivery are: 24:00 ends a day. A text that
    is no moment with a zone stays as it is, to be refused.
    """
    return {name: _moment(value) if name in _moments_of(kind) else value for name, value in given.items()}


@cache
def _moments_of(kind: type[msgspec.Struct]) -> frozenset[str]:
    fields = msgspec.structs.fields(kind)
    return frozenset(one.encode_name for one in fields if _takes_a_moment(type_info(one.type)))


def _takes_a_moment(kind: Type) -> bool:
    if isinstance(kind, Metadata):  # its description
        return _takes_a_moment(kind.type)
    if isinstance(kind, UnionType):
        return any(map(_takes_a_moment, kind.types))
    return isinstance(kind, DateTimeType)


def _moment(value: Any) -> Any:
    if not isinstance(value, str):
        return value
    try:
        moment = iso_moment(value)
    except (ValueError, OverflowError):
        return value
    return moment if moment.tzinfo else value


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
