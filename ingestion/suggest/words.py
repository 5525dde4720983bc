"""What other people's words for states, relations, lenders and events usually mean in ours."""

from __future__ import annotations

from collections.abc import Mapping
from importlib import resources

import yaml

from ingestion.contract import LABELS, OUTCOMES, PLATFORMS, RELATIONS

USUAL: Mapping[str, Mapping[str, str]] = {
    concept: {theirs: ours for ours, many in words.items() for theirs in many}
    for concept, words in yaml.safe_load(
        resources.files("ingestion.suggest").joinpath("words.yaml").read_text(encoding="utf-8")
    ).items()
}
OURS: Mapping[str, tuple[str, ...]] = {
    "status": OUTCOMES.column("status").words,
    "relation": RELATIONS,
    "type": PLATFORMS.column("type").words,
    "kind": (),
    "label": LABELS.column("label").words,
}


def translated(concept: str, words: list[str]) -> tuple[dict[str, str], list[str]]:
    """Of words that are none of ours: those that usually mean one of ours, and the others."""
    meant = {word: USUAL[concept][word.lower()] for word in words if word.lower() in USUAL[concept]}
    ours = OURS[concept]
    strange = [word for word in words if word not in meant and word.lower() not in ours] if ours else []
    return {word: our for word, our in meant.items() if word.lower() not in ours}, strange
