"""The latest recorded scores of people, put into their panels and into drawings."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime

from investigations.casebook import Casebook
from service.desk.dossiers import PersonDossier
from service.desk.drawings import Drawing, bare


def in_drawing(casebook: Casebook, drawing: Drawing) -> Drawing:
    """The drawing with the score of each applicant that was recorded up to its moment."""
    people = [bare(node.id) for node in drawing.nodes if node.type == "applicant"]
    scores = casebook.last_scores.latest(people, drawing.as_of)
    nodes = (
        replace(node, score=scores.get(bare(node.id))) if node.type == "applicant" else node
        for node in drawing.nodes
    )
    return replace(drawing, nodes=tuple(nodes))


def in_panel(casebook: Casebook, person: PersonDossier, until: datetime) -> PersonDossier:
    """The panel with the person's score that was recorded up to then, and those of models in shadow."""
    scores = casebook.last_scores
    score = scores.latest([person.id], until).get(person.id)
    return replace(person, score=score, in_shadow=scores.in_shadow(person.id, until))
