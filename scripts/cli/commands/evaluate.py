"""Compare the groups of a ring review with a truth, beside the usual recipes on the same store."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Mapping
from pathlib import Path

from graph.facts.fraud_labels import fraud_spells
from ingestion.parse_context import time_zone
from investigations.review.evaluation import measured, read_flagged, read_truth
from investigations.review.reference_rings import reference_groups
from scripts.cli.command import Command, Result
from service.opening import as_of_given, open_existing
from service.settings import Settings

EXAMPLE = """example:
  COMMAND --rings var/rings/2026-W01 --truth world/truth --as-of 2026-01-05 --store sqlite:///ringfence.db

`not_known` measures the same over those who were not known for fraud by the moment: what was found beyond
what had been confirmed already. A truth that says when people first applied (first_applied_at) is cut to
those who had by then; with --store it is cut to the applicants that the store knew by then, and the usual
recipes are run beside: bare components, and Leiden on links weighted 1/holders (at two resolutions that suit
it), all flagged where a known fraud is inside."""


def _run(options: argparse.Namespace) -> Result:
    settings = Settings.from_environment()
    as_of = as_of_given(settings, options.as_of)
    truth, flagged = (
        read_truth(options.truth, as_of.astimezone(time_zone(settings.timezone))),
        read_flagged(options.rings),
    )
    flagged.check_moment(as_of)
    known, result = flagged.known_frauds, dict[str, tuple[frozenset[str], ...]]()
    if options.store:
        with open_existing(options.store, settings.timezone) as store:
            tables = store.view(as_of).tables()
        people = set(tables.applicant_ids.tolist())
        truth = {applicant: person for applicant, person in truth.items() if applicant in people}
        result = dict(reference_groups(tables))
        if known is None:
            known = frozenset(tables.applicant_ids[fraud_spells(tables).fraud].tolist())
    if known is None:
        print(
            (
                "evaluate_rings: these rings do not say who was known for fraud by then: with --store the "
                "figures tell them apart"
            ),
            file=sys.stderr,
        )
    references = {name: measured(groups, truth, known) for name, groups in result.items()}
    figures = measured(flagged.groups.values(), truth, known)
    brief = {"these rings": _brief(figures), **{name: _brief(one) for name, one in references.items()}}
    return Result({**figures, "references": references}, brief=brief)


def _brief(figures: Mapping[str, object]) -> dict[str, object]:
    """What one looks at first; `not known`: over those alone who were not known for fraud by the moment."""
    beyond = figures.get("not_known")
    found = beyond.get("ring_recall") if isinstance(beyond, Mapping) else None
    return {
        **{name: figures[name] for name in ("groups", "ring_recall", "member_recall", "honest_flagged")},
        "ring recall, not known": found,
    }


def _arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "--rings", required=True, type=Path, metavar="DIR", help="folder that detect_rings.py wrote"
    )
    parser.add_argument("--truth", required=True, type=Path, metavar="DIR", help="folder with applicants.csv")
    parser.add_argument("--as-of", required=True, metavar="T", help="the moment of the review")
    parser.add_argument("--store", metavar="URL", help="graph store of the review, for the references")


COMMAND = Command(
    name="evaluate",
    script="evaluate_rings",
    description=__doc__,
    example=EXAMPLE,
    arguments=_arguments,
    run=_run,
)
