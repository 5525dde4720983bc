"""Say what other thresholds, or another policy file, would have decided of the assessments that were
recorded, and who was right once labels came.
"""

from __future__ import annotations

import argparse
import dataclasses
from collections.abc import Mapping

from gnn.registry.checks import GateCheck
from graph.facts.fraud_labels import fraud_spells
from graph.model.errors import SettingError
from graph.store.port import GraphView
from investigations.assessments import Decision
from investigations.dry_run import CountedPeople, DecisionChange, DryRun, LenderChange, by_thresholds, dry_run
from investigations.estimates import wilson
from investigations.fairness.before_after import before_and_after
from investigations.policies.file import EVERYBODY, PolicyFile, PolicyScope
from scripts.cli.command import Command, Result
from scripts.cli.commands.policy import in_scope, read_file
from scripts.cli.settings_given import settings_given
from scripts.cli.usual_arguments import add_casebook, add_store
from service.assessment.policies.files import PolicyFiles
from service.assessment.repeats.policy_dry_run import asked_then, by_policy_file
from service.assessment.repeats.reading import refuse_another_store, views_of_many
from service.clock import system_clock
from service.governance.gates.answered_lives import AnsweredLives
from service.governance.gates.share_checks import share_checks
from service.opening import (
    casebook_given,
    moment_given,
    open_casebook,
    open_existing,
    policy_for,
    refuse_empty,
)
from service.registered_models import scorer_of

EXAMPLE = """example:
  COMMAND --casebook sqlite:///casebook.db --store sqlite:///ringfence.db --since 2025-12-01 \\
    --review 0.08 --decline 0.5
  COMMAND --since 2025-12-01 --policy policies/L01.yaml"""

_THRESHOLDS = ("review", "decline", "approve")


def _arguments(parser: argparse.ArgumentParser) -> None:
    add_casebook(parser, "where assessments are recorded")
    add_store(parser, "graph store with the labels")
    parser.add_argument(
        "--model",
        metavar="DIR",
        help="folder of the model, whose thresholds hold where none is given (default: the one that serves)",
    )
    parser.add_argument("--since", required=True, metavar="T", help="first moment to look at, ISO-8601")
    parser.add_argument("--until", metavar="T", help="first moment after (default: the clock)")
    parser.add_argument("--review", type=float, metavar="P", help="a person looks from this probability on")
    parser.add_argument("--decline", type=float, metavar="P", help="declining is proposed from here on")
    parser.add_argument("--approve", type=float, metavar="P", help="nothing is approved from here on")
    parser.add_argument(
        "--policy", metavar="FILE", help="decide by this policy file, in the place of the one of its scope"
    )
    parser.add_argument("--platform", metavar="ID", help="only applications at this lender")
    parser.add_argument("--product", metavar="NAME", help="only applications for this product")


def _run(options: argparse.Namespace) -> Result:
    settings = settings_given(options)
    chosen = {name: value for name in _THRESHOLDS if (value := getattr(options, name)) is not None}
    for name, value in chosen.items():
        if not 0 <= value <= 1:  # nor is `nan` a probability
            raise SettingError(f"--{name} {value:g} is no probability: it is from 0 to 1")
    if chosen and options.policy:
        raise SettingError(f"--policy and --{next(iter(chosen))} both say thresholds: give one of them")
    file = read_file(options.policy) if options.policy else None
    since = moment_given(settings, options.since)
    until = moment_given(settings, options.until) if options.until else system_clock()
    refuse_empty(since, until)
    with (
        open_casebook(casebook_given(settings.casebook)) as casebook,
        open_existing(settings.store, zone=settings.timezone) as store,
        views_of_many(store, settings) as views,
    ):
        refuse_another_store(casebook, store)
        policy = policy_for(settings, scorer_of(settings, store))
        thresholds = dataclasses.replace(policy.thresholds, **chosen)
        then = views.at, policy, PolicyFiles(casebook)
        decide = by_policy_file(*then, file) if file else by_thresholds(thresholds, asked_then(*then))
        today = views.at(system_clock(), views.now())
        found = dry_run(
            casebook.between(since, until),
            decide,
            PolicyScope(lender=options.platform, product=options.product),
            _judged(today),
            CountedPeople(file.scope if file else EVERYBODY, AnsweredLives(today).of),
        )
    shares = share_checks(list(found.people.values()), settings.gate_shares)
    head: dict[str, object] = {
        f"{name}_from": value for name, value in dataclasses.asdict(thresholds).items()
    }
    said = _about(file, found) if file else head
    figures = _figures(found, {**said, "shares": {one.name: _share(one) for one in shares}})
    return Result(figures, brief={**figures, "groups": {}, "groups, in per cent": _groups(found)})


def _groups(found: DryRun) -> dict[str, dict[str, object]]:
    """For a terminal: of everybody and each group that is large enough, a row."""
    return {
        name: {"people": one.then["approved"].people}
        | {
            f"{decision} {when}": shares[decision].in_percent()
            for decision in one.then
            for when, shares in one._asdict().items()
        }
        for name, one in before_and_after(list(found.people.values())).items()
        if one.then["approved"].value is not None
    }


def _about(file: PolicyFile, found: DryRun) -> dict[str, object]:
    said = {"policy": file.name, "digest": file.digest, "holds_for": str(file.scope)}
    return {**said, "in_scope": in_scope(file, found.scopes)}


def _share(one: GateCheck) -> dict[str, object]:
    return {"within_margin": one.passed, "says": one.sentence}


def _judged(view: GraphView) -> dict[str, bool]:
    """Whether somebody is known for fraud by now (True), or confirmed as good (False)."""
    tables = view.tables()
    spells = fraud_spells(tables)
    people = zip(tables.applicant_ids.tolist(), spells.fraud.tolist(), spells.good.tolist(), strict=True)
    return {who: fraud for who, fraud, good in people if fraud or good}


def _figures(found: DryRun, head: Mapping[str, object]) -> dict[str, object]:
    decisions = {one.value: {"then": found.then[one], "now": found.now[one]} for one in Decision}
    return {
        "assessments": found.assessments,
        **head,
        "decisions": decisions,
        "changes": {
            f"{then.value}_to_{now.value}": _change(one) for (then, now), one in sorted(found.changes.items())
        },
        "groups": {
            name: one.as_json() for name, one in before_and_after(list(found.people.values())).items()
        },
        "lenders": {name: _lender(one) for name, one in sorted(found.lenders.items())},
    }


def _change(one: DecisionChange) -> dict[str, object]:
    known = one.bad + one.honest
    return {
        "assessments": one.count,
        "known_bad_by_now": one.bad,
        "known_good_by_now": one.honest,
        **_ends("bad", one.bad, known),
        "reason_codes": dict(one.codes.most_common(8)),
        "examples": one.examples,
    }


def _lender(one: LenderChange) -> dict[str, object]:
    share = _ends("changed", one.changed, one.assessments)
    return {"assessments": one.assessments, "changed": one.changed, **share}


def _ends(name: str, count: int, of: int) -> dict[str, float | None]:
    """The ends of the interval (95 %, Wilson) of a share; None of nobody."""
    low, high = wilson(count, of) if of else (None, None)
    return {
        f"{name}_share_{end}": None if one is None else round(one, 4)
        for end, one in (("low", low), ("high", high))
    }


COMMAND = Command(
    name="thresholds", script="", description=__doc__, example=EXAMPLE, arguments=_arguments, run=_run
)
