"""The JSON Schema of a policy file, from the fields that are read."""

from __future__ import annotations

from typing import Any

from investigations.policies.fields import ALWAYS, FORMAT, SECTIONS, SEVERITY, SWITCHES, Number
from investigations.rules import RULES


def schema() -> dict[str, Any]:
    """Draft 2020-12. What it cannot say: that `review` does not lie above `decline`."""
    text = {"type": "string", "minLength": 1, "maxLength": 128}
    head = {
        "format": {"const": FORMAT, "description": "The version of this form."},
        "name": {**text, "description": "How people call it."},
        "lender": {**text, "description": "Only applications at this lender (`platform_id`)."},
        "product": {**text, "description": "Only applications for this product."},
    }
    sections = {
        name: _closed({key: _number(one) for key, one in fields.items()}) for name, fields in SECTIONS.items()
    }
    rules = _closed({code: {**_rule(code), "description": one.code.text_en} for code, one in RULES.items()})
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": "Ringfence policy",
        **_closed({**head, **sections, "rules": rules}),
        "required": ["format", "name"],
    }


def _rule(code: str) -> dict[str, Any]:
    fixed = {"review": {"const": True}, "ignore": {"const": False}} if code in ALWAYS else {}
    switches = {
        name: {**fixed.get(name, {"type": "boolean"}), "description": sentence}
        for name, sentence in SWITCHES.items()
    }
    return _closed({"severity": _number(SEVERITY), **switches})


def _closed(properties: dict[str, Any]) -> dict[str, Any]:
    return {"type": "object", "additionalProperties": False, "properties": properties}


def _number(one: Number) -> dict[str, Any]:
    kind = "integer" if one.whole else "number"
    return {"type": kind, "minimum": one.low, "maximum": one.high, "description": one.sentence}
