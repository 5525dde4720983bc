"""The OpenAPI 3.1 description of the service, made from the same contract that the door parses by."""

from __future__ import annotations

from functools import cache
from typing import Any

from graph.features.catalogue import DIMENSIONS
from graph.features.multi_lending import NAMES
from graph.model.types import RingKind
from ingestion.contract import EVENTS, LABELS, OUTCOMES, TABLES, Cell, Column, Table
from ingestion.hashes import SCHEMES
from investigations.assessments import Decision, Level, Stage
from service.assessment.fields import FIELDS
from service.http import problems

_TYPES: dict[Cell, dict[str, Any]] = {
    Cell.ID: {"type": "string", "maxLength": 512},
    Cell.TEXT: {"type": "string", "maxLength": 512},
    Cell.WORD: {"type": "string"},
    Cell.TIME: {"type": "string", "format": "date-time"},
    Cell.AMOUNT: {"type": "number", "minimum": 0},
    Cell.SHARE: {"type": "number", "minimum": 0, "maximum": 1},
    Cell.WHOLE: {"type": "integer"},
    Cell.FLAG: {"type": "boolean"},
    Cell.IDENTIFIER: {"type": "string", "maxLength": 512, "description": "raw over TLS, or hashed as hash_scheme says"},
}
_PROBLEMS = {
    400: "The body or a header cannot be read.",
    401: "No valid key.",
    403: "The key does not open this, or the address may not call.",
    409: "known_with_other_content: the id is known with other content; idempotency_key_reused: the key was used with another body.",
    408: "The body did not come in time.",
    413: "Too large.",
    415: "Not application/json.",
    422: "Fields are wrong: `errors` lists them.",
    429: "Too many requests; Retry-After says when.",
    503: "Too much waits already, or the store or the audit log cannot be used; Retry-After says when.",
}
_TIMED = {"type": "string", "format": "date-time"}
_NULLABLE_NUMBER = {"type": ["number", "null"]}
_REQUEST_HEADERS = (
    ("Idempotency-Key", "The same key and body within 24 h get the first answer again.", {"type": "string", "maxLength": 64}),
    ("X-Request-Id", "The caller's name for the request; given back.", {"type": "string", "maxLength": 128}),
    ("X-Timeout-Ms", "The caller's deadline: the answer degrades rather than be late.", {"type": "integer", "minimum": 1, "maximum": 60_000}),
)


@cache
def document(version: str) -> dict[str, Any]:
    """The whole description."""
    return {
        "openapi": "3.1.0",
        "info": {"title": "Ringfence", "version": version, "description": "Fraud rings and multi-platform borrowing: one audited risk answer."},
        "servers": [{"url": "/"}, {"url": "/v1"}],
        "security": [{"key": []}],
        "paths": _paths(),
        "components": {
            "securitySchemes": {"key": {"type": "http", "scheme": "bearer"}},
            "schemas": {
                "Application": _application(),
                "Assessment": _assessment(),
                "Label": _table(LABELS),
                "Event": _table(EVENTS),
                "Outcome": _table(OUTCOMES),
                "Ring": _ring(),
                "Problem": _problem(),
            },
        },
    }


def _paths() -> dict[str, Any]:
    one = {"name": "assessment_id", "in": "path", "required": True, "schema": {"type": "string"}}
    ring_id = one | {"name": "ring_id"}
    many = {"oneOf": [_array(_ref("Application")), _object(requests=_array(_ref("Application")), **_wishes())]}
    paths: dict[str, Any] = {
        "/risk": {"post": _operation("Assess one applicant", _ref("Assessment"), body=_ref("Application"), headers=True)},
        "/risk/batch": {"post": _operation("Assess up to 1,000, one answer each, in order", _array(_ref("Assessment")), body=many, headers=True)},
        "/risk/{assessment_id}": {"get": _operation("Read an assessment's audit row", {"type": "object"}, parameters=[one], missing=True)},
        "/risk/{assessment_id}/replay": {"get": _operation("Compute it again", _replay(), parameters=[one], missing=True)},
        "/rings": {"get": _operation("The rings in force, worst first", _rings(), parameters=_ring_query())},
        "/rings/{ring_id}": {"get": _operation("One ring with its members", _ref("Ring"), parameters=[ring_id], missing=True)},
    }
    for path, name, says in (("feedback", "Label", "labels"), ("events", "Event", "events"), ("outcomes", "Outcome", "outcomes")):
        given = {"oneOf": [_ref(name), _array(_ref(name))]}
        paths[f"/{path}"] = {"post": _operation(f"Store {says}; they are not scored", _counts(), body=given)}
    for path, says in (
        ("/healthz", "Alive"),
        ("/readyz", "Store, model and audit log can be used"),
        ("/version", "Versions of product, policy and model"),
        ("/metrics", "Prometheus metrics"),
        ("/openapi.json", "This description"),
        ("/docs", "This description as a page"),
        (problems.PAGE, "Every problem, under its code: where a problem's `type` leads"),
    ):
        paths[path] = {"get": {"summary": says, "security": [], "responses": {"200": {"description": says}}}}
    return paths


def _operation(
    summary: str, answer: dict[str, Any], *, body: Any = None, parameters: Any = (), headers: bool = False, missing: bool = False
) -> dict[str, Any]:
    operation: dict[str, Any] = {"summary": summary, "responses": {"200": {"description": summary, "content": _json(answer)}}}
    listed = list(parameters)
    if headers:
        listed += [{"name": name, "in": "header", "description": says, "schema": schema} for name, says, schema in _REQUEST_HEADERS]
    if listed:
        operation["parameters"] = listed
    if body is not None:
        operation["requestBody"] = {"required": True, "content": _json(body)}
    wrong = _PROBLEMS if body is not None else {status: says for status, says in _PROBLEMS.items() if status in (400, 401, 403, 429, 503)}
    for status, says in {**wrong, **({404: "Not known."} if missing or body is not None else {})}.items():
        operation["responses"][str(status)] = {"description": says, "content": {"application/problem+json": {"schema": _ref("Problem")}}}
    return operation


def _application() -> dict[str, Any]:
    schema = _table(TABLES["applications"])
    schema["properties"] |= {
        "stage": {"enum": [stage.value for stage in Stage], "default": "application"},
        **_wishes(),
        "contacts": {
            **_array({"type": ["string", "object"], "properties": {"phone": {"type": "string"}, "relation": {"type": "string"}}}),
            "description": "Phones, or objects with a phone; all are kept, up to a hundred.",
        },
        "hash_scheme": {"type": "string", "description": f"raw (default), or the hash that identifiers come in: {', '.join(SCHEMES)}"},
    }
    schema["description"] = (
        'The columns of an applications row, flat or in groups ({"device": {"id": ...}}). applied_at is read and set aside: the assessment\'s '
        "moment is the service's clock at arrival. At stage monitoring applicant_id is enough; at stage disbursement the application_id of "
        "one that was sent before."
    )
    needed = {
        Stage.APPLICATION: [name for name in schema.pop("required") if name != "applied_at"],
        Stage.DISBURSEMENT: ["stage", "application_id"],
        Stage.MONITORING: ["stage", "applicant_id"],
    }
    schema["anyOf"] = [{"properties": {"stage": {"const": stage.value}}, "required": names} for stage, names in needed.items()]
    return schema


def _wishes() -> dict[str, Any]:
    """What of the answer is wanted."""
    return {
        "fields": {**_array({"enum": list(FIELDS)}), "description": "Parts of the answer that are wanted; default: all."},
        "variables": {**_array({"enum": list(NAMES)}), "description": "Multi-lending variables that are wanted; default: all."},
    }


def _table(table: Table) -> dict[str, Any]:
    required = [column.name for column in table.columns if column.required]
    return {"type": "object", "properties": {column.name: _column(column) for column in table.columns}, "required": required}


def _column(column: Column) -> dict[str, Any]:
    schema = dict(_TYPES[column.cell])
    if column.words:
        schema["enum"] = list(column.words)
    return schema


def _assessment() -> dict[str, Any]:
    reason = _object(
        rank={"type": "integer", "minimum": 1, "maximum": 4},
        code={"type": "string"},
        text_en={"type": "string"},
        text_zh={"type": "string"},
        contribution={"type": "number"},
        value=_NULLABLE_NUMBER,
        typical_p95={**_NULLABLE_NUMBER, "description": "What 95 % stay under, where more is riskier."},
        typical_p05={**_NULLABLE_NUMBER, "description": "What 95 % stay above, where less is riskier."},
        evidence=_array(_object(path=_array({"type": "string"}), shared_since={"type": ["string", "null"]})),
    )
    return _object(
        request_id={"type": "string"},
        application_id={"type": ["string", "null"]},
        assessment_id={"type": "string"},
        idempotent_replay={"type": "boolean"},
        stage={"enum": [stage.value for stage in Stage]},
        as_of=_TIMED,
        decision={"enum": [decision.value for decision in Decision]},
        score={"type": ["integer", "null"], "minimum": 0, "maximum": 1000, "description": "null where nothing was looked at"},
        probability={"type": ["number", "null"], "minimum": 0, "maximum": 1},
        uncertainty={"enum": ["low", "medium", "high"]},
        policy_version={"type": "string"},
        models=_array(_object(name={"type": "string"}, version={"type": "string"}, trained_as_of={"type": "string"})),
        degraded=_object(level={"enum": [level.value for level in Level]}, missing=_array({"type": "string"}), reason={"type": ["string", "null"]}),
        reasons={**_array(reason), "maxItems": 4},
        dimensions=_object(**{name: {"type": "number", "minimum": 0, "maximum": 1} for name in DIMENSIONS}),
        multi_lending=_object(
            status={"enum": ["found", "no_record", "failed"]},
            variables=_object(**dict.fromkeys(NAMES, _NULLABLE_NUMBER)),
            left_out={
                "type": "object",
                "additionalProperties": {"enum": ["many_holders", "not_linking"]},
                "description": "Where there are any: keys that are named and under which nothing is counted: a hub, or a failed checksum.",
            },
            withheld={**_array({"type": "string"}), "description": "For a caller without the scope `types`: variables that are not told."},
        ),
        ring={"type": ["object", "null"]},
        subgraph=_object(
            nodes={"type": ["integer", "null"]}, edges={"type": ["integer", "null"]}, truncated={"type": ["boolean", "null"]}, url={"type": "string"}
        ),
        changes_since={"type": ["object", "null"]},
        timings_ms=_object(**{name: {"type": "number"} for name in ("store", "neighbourhood", "signals", "model", "total")}),
        ignored={**_array({"type": "string"}), "description": "Where there are any: names in the request that the contract does not know."},
    )


def _ring() -> dict[str, Any]:
    return _object(
        ring_id={"type": "string"},
        kind={"enum": [kind.value for kind in RingKind]},
        flagged={"type": "boolean"},
        score={"type": "number"},
        state={"type": "string"},
        size={"type": "integer"},
        first_seen=_TIMED,
        last_seen=_TIMED,
        confirmed_bad={"type": "integer"},
        suspected={"type": "integer"},
        bad_rate={"type": "number"},
        exposure={"type": "number"},
        members=_array({"type": "object"}),
    )


def _rings() -> dict[str, Any]:
    return _object(snapshot={"type": ["string", "null"]}, as_of={"type": ["string", "null"]}, total={"type": "integer"}, rings=_array(_ref("Ring")))


def _ring_query() -> list[dict[str, Any]]:
    schemas = {
        "kind": {"enum": [kind.value for kind in RingKind]},
        "flagged": {"type": "boolean"},
        "min_score": {"type": "number"},
        "limit": {"type": "integer", "maximum": 500},
        "offset": {"type": "integer"},
    }
    return [{"name": name, "in": "query", "schema": schema} for name, schema in schemas.items()]


def _replay() -> dict[str, Any]:
    return _object(assessment_id={"type": "string"}, equal={"type": "boolean"}, differences=_array({"type": "object"}), answer=_ref("Assessment"))


def _counts() -> dict[str, Any]:
    whole = {"type": "integer"}
    ignored = {**_array({"type": "string"}), "description": "Where there are any: names in the request that nobody reads."}
    return _object(accepted=whole, known=whole, conflicts=_array(whole), unmatched={"type": ["integer", "null"]}, ignored=ignored)


def _problem() -> dict[str, Any]:
    errors = _array(_object(field={"type": "string"}, code={"type": "string"}, message={"type": "string"}))
    words = {name: {"type": "string"} for name in ("type", "title", "detail", "instance", "request_id")}
    return _object(**words, status={"type": "integer"}, code={"enum": list(problems.PROBLEMS)}, errors=errors)


def _object(**properties: Any) -> dict[str, Any]:
    return {"type": "object", "properties": properties}


def _array(items: dict[str, Any]) -> dict[str, Any]:
    return {"type": "array", "items": items}


def _ref(name: str) -> dict[str, Any]:
    return {"$ref": f"#/components/schemas/{name}"}


def _json(schema: dict[str, Any]) -> dict[str, Any]:
    return {"application/json": {"schema": schema}}
