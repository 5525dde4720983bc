"""Say what other thresholds would have decided of the assessments that were recorded, and who was right once
labels came.
"""

from __future__ import annotations

import argparse
import dataclasses

from graph.facts.fraud_labels import fraud_spells
from graph.store.port import GraphStore
from investigations.assessments import Decision
from investigations.dry_run import DryRun, DryRunFilter, dry_run
from investigations.policy import Thresholds
from scripts.cli.command import Command, Result
from scripts.cli.settings_given import settings_given
from service.clock import system_clock
from service.opening import (
    casebook_given,
    load_scorer,
    moment_given,
    open_casebook,
    open_existing,
    policy_for,
)

EXAMPLE = """example:
  COMMAND --casebook sqlite:///casebook.db --store sqlite:///ringfence.db --since 2025-12-01 \\
    --review 0.08 --decline 0.5"""


def _arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "--casebook", metavar="URL", help="where assessments are recorded (default: RINGFENCE_CASEBOOK)"
    )
    parser.add_argument(
        "--store", metavar="URL", help="graph store with the labels (default: RINGFENCE_STORE)"
    )
    parser.add_argument(
        "--model", metavar="DIR", help="folder of the model, whose thresholds hold where none is given"
    )
    parser.add_argument("--since", required=True, metavar="T", help="first moment to look at, ISO-8601")
    parser.add_argument("--until", metavar="T", help="first moment after (default: the clock)")
    parser.add_argument("--review", type=float, metavar="P", help="a person looks from this probability on")
    parser.add_argument("--decline", type=float, metavar="P", help="declining is proposed from here on")
    parser.add_argument("--approve", type=float, metavar="P", help="nothing is approved from here on")
    parser.add_argument("--platform", metavar="ID", help="only applications at this lender")
    parser.add_argument("--product", metavar="NAME", help="only applications for this product")


def _run(options: argparse.Namespace) -> Result:
    settings = settings_given(options)
    scorer = load_scorer(settings.model, settings.model_digest) if settings.model else None
    thresholds = policy_for(settings, scorer).thresholds
    chosen = {
        name: getattr(options, name)
        for name in ("review", "decline", "approve")
        if getattr(options, name) is not None
    }
    thresholds = dataclasses.replace(thresholds, **chosen)
    now = system_clock()
    since = moment_given(settings, options.since)
    until = moment_given(settings, options.until) if options.until else now
    with (
        open_casebook(casebook_given(settings.casebook)) as casebook,
        open_existing(settings.store, zone=settings.timezone) as store,
    ):
        found = dry_run(
            casebook.between(since, until),
            thresholds,
            DryRunFilter(platform_id=options.platform, product=options.product),
            _judged(store),
        )
    return Result(_figures(found, thresholds))


def _judged(store: GraphStore) -> dict[str, bool]:
    """Whether somebody is known for fraud by now (True), or confirmed as good (False)."""
    tables = store.view(system_clock()).tables()
    spells = fraud_spells(tables)
    people = zip(tables.applicant_ids.tolist(), spells.fraud.tolist(), spells.good.tolist(), strict=True)
    return {who: fraud for who, fraud, good in people if fraud or good}


def _figures(found: DryRun, thresholds: Thresholds) -> dict[str, object]:
    decisions = {one.value: {"then": found.then[one], "now": found.now[one]} for one in Decision}
    return {
        "assessments": found.assessments,
        **{f"{name}_from": value for name, value in dataclasses.asdict(thresholds).items()},
        "decisions": decisions,
        "changes": {
            f"{then.value}_to_{now.value}": {
                "assessments": one.count,
                "known_bad_by_now": one.bad,
                "known_good_by_now": one.honest,
                "reason_codes": dict(one.codes.most_common(8)),
                "examples": one.examples,
            }
            for (then, now), one in sorted(found.changes.items())
        },
    }


COMMAND = Command(
    name="thresholds", script="", description=__doc__, example=EXAMPLE, arguments=_arguments, run=_run
)
