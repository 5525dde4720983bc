"""Policies as files: check one, put it in force for everybody, a lender or a product, and see what is."""

from __future__ import annotations

import argparse
import sys
from collections import Counter
from collections.abc import Mapping
from dataclasses import asdict
from pathlib import Path
from typing import Any

from graph.model.errors import SettingError
from investigations.casebook import Casebook
from investigations.casebook.policy_uses import PolicyUse
from investigations.dry_run import scope_of
from investigations.policies.file import PolicyFile, PolicyScope
from investigations.policies.reading import MOST_BYTES, read_policy
from investigations.users import AuditAction
from scripts.cli.command import DONE, FAILED, Command, Result
from scripts.cli.forced import add_force, deliberate
from scripts.cli.printable import printable
from scripts.cli.settings_given import settings_given
from scripts.cli.usual_arguments import add_casebook, add_store
from service.clock import clock_of
from service.governance.gates.policy import judged_policy
from service.governance.gates.share_checks import SHARE
from service.opening import casebook_given, open_casebook
from service.person_at_work import person_at_work
from service.settings import Settings

EXAMPLE = """example:
  COMMAND check policies/L01.yaml
  COMMAND shadow policies/L01.yaml
  COMMAND use policies/L01.yaml --by wang
  COMMAND show --lender L01
  COMMAND drop --lender L01

A running service decides by what is in force within seconds. `ringfence thresholds --policy FILE` says first
what a file would have decided. Exit status 1 where `use` would hold up the honest of a group of people more
often than others like them: nothing is in force then, and what was found stands in the audit trail."""
_LOOKED_AT = 1000  # recorded answers, the latest
_NAMED = 8  # lenders and products of them


def _run(options: argparse.Namespace) -> Result:
    takes = 1 if options.what in ("check", "use", "shadow") else 0
    if len(options.file) != takes:
        raise SettingError(f"policy {options.what}: {'a FILE is needed' if takes else 'takes no file'}")
    if takes and (options.lender is not None or options.product is not None):
        raise SettingError("a file says itself for whom it is: `lender` and `product` in it")
    file = read_file(options.file[0]) if takes else None
    if options.what == "check" and file is not None:
        return Result(_described(file))
    settings = settings_given(options)
    casebook_given(settings.casebook)
    with open_casebook(settings.casebook, settings.casebook_sync) as casebook:
        if options.what == "show":
            return _show(casebook, options)
        if file is not None and options.what == "use":
            return _use(settings, casebook, file, options)
        if file is not None:
            by, now = options.by or person_at_work(), clock_of(casebook)()
            casebook.policies_in_shadow.use(file, now, by)
            return Result({**_described(file), **_latest_answers(casebook, file)})
        return _drop(casebook, options)


def _drop(casebook: Casebook, options: argparse.Namespace) -> Result:
    """Take the file of a scope out of force, with a line in the audit trail, or out of shadow."""
    scope = PolicyScope(lender=options.lender, product=options.product)
    policies = casebook.policies_in_shadow if options.shadow else casebook.policies
    who, now = deliberate(options), clock_of(casebook)()
    digest = next((one.digest for one in policies.in_force() if one.scope == scope), None)
    entry = who.entry(
        AuditAction.POLICY_DROPPED,
        f"policy:{digest}",
        now,
        {"lender": scope.lender, "product": scope.product},
    )
    if digest is None or not policies.drop(scope, now, who.by, None if options.shadow else entry):
        where = "shadow" if options.shadow else "force"
        raise SettingError(f"no policy file is in {where} for {scope}: ringfence policy show lists them")
    return Result({"dropped": str(scope)})


def _use(settings: Settings, casebook: Casebook, file: PolicyFile, options: argparse.Namespace) -> Result:
    """Put a file in force where the gate lets it through, or it is forced; what the gate found stands in the
    audit trail either way.
    """
    who, now = deliberate(options), clock_of(casebook)()
    judged = judged_policy(settings, casebook, file, now)
    passed = judged.result.passed
    used = passed or who.force
    action = AuditAction.POLICY_USED if used else AuditAction.POLICY_REFUSED
    found = judged.result.as_json() | {"forced": used and not passed}
    entry = who.entry(action, f"policy:{file.digest}", now, found)
    if used:
        casebook.policies.use(file, now, who.by, entry)
    else:
        casebook.audit.add([entry])
    failed = [f"{one.name}: {one.sentence}" for one in judged.result.checks if not one.passed]
    gate = {"in_force": used, "passed": passed, "forced": used and not passed, "failed": failed}
    shares = {"shares": [one.sentence for one in judged.result.checks if one.name.startswith(SHARE)]}
    groups = {"groups": {name: one.as_json() for name, one in judged.groups.items()}}
    answers = {**_latest_answers(casebook, file), "measured": judged.result.slice}
    brief = {**_described(file), **gate, **shares, "measured": judged.result.slice}
    return Result(
        {**_described(file), **answers, **gate, **shares, **groups}, DONE if used else FAILED, brief
    )


def read_file(path: str) -> PolicyFile:
    """The policy in a file, of which no more is read than a policy may have. Raises SettingError."""
    try:
        with Path(path).open("rb") as file:
            return read_policy(file.read(MOST_BYTES + 1), path)
    except OSError as error:
        raise SettingError(f"{path} cannot be read: {error.strerror}") from error


def in_scope(file: PolicyFile, recorded: Counter[PolicyScope]) -> int:
    """How many of the recorded answers, counted by lender and product, a file holds for. Where it is none of
    them that is said on stderr, with theirs: a misspelt name changes nothing and fails nowhere.
    """
    found = sum(count for scope, count in recorded.items() if file.scope.covers(scope))
    if recorded and not found:
        theirs = "; ".join(f"{scope} ({count:,})" for scope, count in recorded.most_common(_NAMED))
        more = f" and {len(recorded) - _NAMED} more" if len(recorded) > _NAMED else ""
        print(
            f"policy {file.name}: it holds for {file.scope}, and none of {recorded.total():,} recorded "
            f"answers is theirs, so it would have changed nothing. There are {printable(theirs)}{more}",
            file=sys.stderr,
        )
    return found


def _latest_answers(casebook: Casebook, file: PolicyFile) -> dict[str, int]:
    scopes = (scope_of(one) for one in casebook.newest(_LOOKED_AT))
    recorded = Counter(scope for scope in scopes if scope is not None)
    return {"latest_answers": recorded.total(), "in_scope": in_scope(file, recorded)}


def _show(casebook: Casebook, options: argparse.Namespace) -> Result:
    """What is in force, in the order in which it is applied: all under which an application of that lender
    or product may fall.
    """
    wanted = PolicyScope(lender=options.lender, product=options.product)
    figures: dict[str, object] = {}
    for name, policies in (("in_force", casebook.policies), ("in_shadow", casebook.policies_in_shadow)):
        uses = [one for one in policies.in_force() if one.scope.meets(wanted)]
        figures[name] = {str(one.scope): _used(casebook, one) for one in uses}
    return Result(figures)


def _used(casebook: Casebook, use: PolicyUse) -> Mapping[str, Any]:
    """A use and its file; of one that this release cannot read, which stops a start, why."""
    head = {"since": use.at.isoformat(timespec="seconds"), "by": use.by}
    content = casebook.policies.content(use.digest or "") or ""
    try:
        return head | _described(read_policy(content.encode(), "policy"))
    except SettingError as error:
        return head | {"digest": use.digest, "unreadable": str(error)}


def _described(file: PolicyFile) -> dict[str, Any]:
    rules = {
        code: {name: value for name, value in asdict(one).items() if value is not None}
        for code, one in file.rules.items()
    }
    sets = {"thresholds": file.thresholds, "limits": file.limits, "rules": rules, "reasons": file.reasons}
    return {
        "name": file.name,
        "holds_for": str(file.scope),
        "digest": file.digest,
        "sets": {part: dict(values) for part, values in sets.items() if values},
    }


def _arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("what", choices=("check", "use", "shadow", "show", "drop"), help="what to do")
    parser.add_argument("file", nargs="*", metavar="FILE", help="check, use, shadow: a YAML file")
    parser.add_argument("--lender", metavar="ID", help="show, drop: of which lender")
    parser.add_argument("--product", metavar="NAME", help="show, drop: of which product")
    parser.add_argument("--by", help="who does it (default: the user's name)")
    parser.add_argument("--shadow", action="store_true", help="drop: what is in shadow, not in force")
    add_force(parser, "use: ", "use, drop: ")
    add_store(parser, "use: graph store of the answers")
    parser.add_argument(
        "--model", metavar="DIR", help="use: the model that answered (default: the one that serves)"
    )
    add_casebook(parser)


COMMAND = Command(
    name="policy", script="", description=__doc__, example=EXAMPLE, arguments=_arguments, run=_run
)
