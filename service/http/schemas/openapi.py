"""The OpenAPI 3.1 description of the service, made of the types of its answers and of the contract that its
bodies are read by.
"""

from __future__ import annotations

from collections.abc import Iterator
from functools import cache
from itertools import groupby
from types import ModuleType
from typing import Any, get_type_hints, is_typeddict

import msgspec
from msgspec import Struct

from service.assessment.answers import answer
from service.assessment.answers.fields import ALWAYS
from service.http.problems import PROBLEMS, RETRY_SECONDS
from service.http.schemas import alert_answers, answers, audit_answers, case_answers, verdict_answers
from service.http.schemas.case_bodies import BODIES
from service.http.schemas.operation import Operation
from service.http.schemas.operations import OPERATIONS, TAGS
from service.http.schemas.parameters import EveryHeader, PurposeHeader, fields
from service.http.schemas.request_schemas import Schema, components, many, ref

_REF = "#/components/schemas/{name}"
_DATA = "application/json"
_HEADER_SCHEMAS: dict[str, Schema] = {
    "X-Request-Id": {
        "description": "The request's name: the caller's, or one of ours.",
        "schema": {"type": "string"},
    },
    "Server-Timing": {
        "description": "Milliseconds from the socket on, the audit row included.",
        "schema": {"type": "string"},
    },
}
_RETRY: Schema = {
    "description": "Seconds to wait before the same is sent again.",
    "schema": {"type": "integer"},
    "example": RETRY_SECONDS,
}


@cache
def document(version: str) -> Schema:
    """The whole description."""
    return {
        "openapi": "3.1.0",
        "info": {
            "title": "Ringfence",
            "version": version,
            "description": "Fraud rings and multi-platform borrowing: one audited risk answer.",
            "license": {"name": "Apache-2.0", "identifier": "Apache-2.0"},
        },
        "servers": [
            {"url": "/", "description": "This service."},
            {"url": "/v1", "description": "The same under a version."},
        ],
        "tags": [{"name": name, "description": says} for name, says in TAGS.items()],
        "security": [{"key": []}],
        "paths": {path: _path(tuple(group)) for path, group in groupby(OPERATIONS, key=lambda one: one.path)},
        "components": {
            "securitySchemes": {
                "key": {
                    "type": "http",
                    "scheme": "bearer",
                    "description": "A key with the scope that the operation needs.",
                }
            },
            "headers": _HEADER_SCHEMAS | {"Retry-After": _RETRY},
            "examples": {
                code: {"summary": kind.title, "value": _example(code)} for code, kind in PROBLEMS.items()
            },
            "schemas": _of_queries() | components() | _case_bodies() | _answers(),
        },
    }


def _path(at_it: tuple[Operation, ...]) -> Schema:
    item: Schema = {one.method: _operation(one) for one in at_it}
    return item if at_it[0].under_v1 else item | {"servers": [{"url": "/"}]}


def _operation(one: Operation) -> Schema:
    summary: Schema = {"operationId": one.name, "tags": [one.tag], "summary": one.summary}
    if one.about:
        summary["description"] = one.about
    summary["parameters"] = list(_parameters(one))
    if one.body is not None:
        summary["requestBody"] = {"required": True, "content": {_DATA: {"schema": one.body}}}
    summary["responses"] = {"200": _answered(one), **_problems(one.codes)}
    if one.unready is not None:
        summary["responses"][str(one.unready)]["content"] |= summary["responses"]["200"]["content"]
    return summary | ({"security": []} if one.open else {})


def _parameters(one: Operation) -> Iterator[Schema]:
    for name, says in (one.path_parameters or {}).items():
        yield {
            "name": name,
            "in": "path",
            "required": True,
            "description": says,
            "schema": {"type": "string", "minLength": 1},
        }
    purpose = PurposeHeader if one.shows_people else None
    headers = (("header", kind) for kind in (one.headers, purpose, EveryHeader))
    for place, kind in (("query", one.query), *headers):
        yield from _of(kind, place) if kind is not None else ()


def _of(kind: type[Struct], place: str) -> Iterator[Schema]:
    for field in fields(kind):
        (schema,), _ = msgspec.json.schema_components([field.type], ref_template=_REF)
        schema = _without_null(schema)
        says = schema.pop("description", "")
        usual = {"default": field.default} if field.default is not None else {}
        yield {
            "name": field.encode_name,
            "in": place,
            "required": False,
            "description": says,
            "schema": schema | usual,
        }


def _without_null(schema: Schema) -> Schema:
    """A parameter that is not given is left away, and never null."""
    rest = [one for one in schema.pop("anyOf", ()) if one != {"type": "null"}]
    return rest[0] | schema if rest else schema


def _answered(one: Operation) -> Schema:
    summary: Schema = {
        "description": one.summary,
        "headers": {name: {"$ref": f"#/components/headers/{name}"} for name in _HEADER_SCHEMAS},
    }
    if isinstance(one.answer, str):
        return summary | {
            "content": {one.answer: {"schema": {"type": "object" if one.answer == _DATA else "string"}}}
        }
    schema = ref(one.answer.__name__)
    if one.answer is answer.Assessment:
        schema = _assessments()
    if one.answer is answers.BatchAnswers:
        schema = {"anyOf": [many(_assessments(ref("ProblemDocument"))), schema]}
    return summary | {"content": {_DATA: {"schema": schema}}}


def _assessments(*others: Schema) -> Schema:
    """An answer: whole, or the parts that the request's `fields` name."""
    return {"anyOf": [ref("Assessment"), ref("AssessmentParts"), *others]}


def _problems(codes: tuple[str, ...]) -> Schema:
    """The problems by their status, each with its code."""
    summary: Schema = {}
    for status, group in groupby(
        sorted(codes, key=lambda code: PROBLEMS[code].status), key=lambda code: PROBLEMS[code].status
    ):
        listed = list(group)
        says = " ".join(f"`{code}`: {PROBLEMS[code].title}. {PROBLEMS[code].remedy}" for code in listed)
        shown = {code: {"$ref": f"#/components/examples/{code}"} for code in listed}
        names = [*_HEADER_SCHEMAS, *(["Retry-After"] if status in (429, 503) else [])]
        summary[str(status)] = {
            "description": says,
            "headers": {name: {"$ref": f"#/components/headers/{name}"} for name in names},
            "content": {"application/problem+json": {"schema": ref("ProblemDocument"), "examples": shown}},
        }
    return summary


def _example(code: str) -> Schema:
    kind = PROBLEMS[code]
    summary: Schema = {
        "type": f"/docs/problems#{code}",
        "title": kind.title,
        "status": kind.status,
        "code": code,
        "detail": kind.remedy,
    }
    summary |= {"instance": "/risk", "request_id": "req-7d2f"}
    wrong = {"field": "applicant_id", "code": "missing", "message": "is required"}
    return summary | ({"errors": [wrong]} if code == "invalid_fields" else {})


def _case_bodies() -> dict[str, Schema]:
    """The schemas of the bodies of requests about cases, closed: what a body must not hold is refused."""
    _, created = msgspec.json.schema_components(BODIES, ref_template=_REF)
    return {one.__name__: created[one.__name__] | {"additionalProperties": False} for one in BODIES}


def _of_queries() -> dict[str, Schema]:
    """The schemas that parameters of addresses name: of what can be one of a few words."""
    kinds = [field.type for one in OPERATIONS if one.query for field in fields(one.query)]
    _, created = msgspec.json.schema_components(kinds, ref_template=_REF)
    return {name: schema | {"type": "string"} for name, schema in created.items()}


def _answers() -> dict[str, Schema]:
    """The schemas of all answers, their properties in the order in which they are sent."""
    kinds = {
        one.__name__: one
        for module in (answer, answers, alert_answers, audit_answers, case_answers, verdict_answers)
        for one in _typed(module)
    }
    _, created = msgspec.json.schema_components(list(kinds.values()), ref_template=_REF)
    for name, schema in created.items():
        if "enum" in schema:
            schema["type"] = "string"
        else:
            schema["properties"] = {key: schema["properties"][key] for key in get_type_hints(kinds[name])}
            schema["required"] = [key for key in schema["properties"] if key in schema["required"]]
    created["ProblemDocument"]["properties"]["code"]["enum"] = list(PROBLEMS)
    created["AssessmentMultiLending"]["properties"]["variables"]["propertyNames"] = ref("VariableName")
    created["BatchAnswers"]["properties"]["answers"] |= many(_assessments(ref("ProblemDocument")))
    whole = created["Assessment"]
    parts = {
        "title": "AssessmentParts",
        "description": (
            "The parts of an answer that the request's `fields` name, and those that are always there."
        ),
    }
    created["AssessmentParts"] = (
        whole | parts | {"required": [name for name in whole["required"] if name in ALWAYS]}
    )
    return created


def _typed(module: ModuleType) -> list[Any]:
    return [one for one in vars(module).values() if is_typeddict(one) and one.__module__ == module.__name__]
