"""Export what is held about one person: as JSON and as a page, identifiers masked, nothing of others."""

from __future__ import annotations

import argparse
from dataclasses import replace
from pathlib import Path
from typing import NoReturn

from graph import private
from graph.model.errors import ErasedError, SettingError, UnknownApplicantError
from ingestion.characters import visible
from ingestion.contract import name_space
from ingestion.parse_context import time_zone
from investigations.casebook import Casebook
from investigations.users import AuditAction, AuditEntry
from scripts.cli.command import Command, Result
from scripts.cli.looks import purpose_given
from scripts.cli.settings_given import settings_given
from scripts.cli.usual_arguments import add_casebook, add_store
from service.clock import system_clock
from service.governance.erasure.person import ErasedPerson, erased_person
from service.governance.person.export import as_json, held_about
from service.governance.person.page import as_page
from service.login.accounts import by_command
from service.opening import casebook_given, known_keys, open_casebook, open_existing
from service.settings import Settings

EXAMPLE = """example:
  COMMAND export C-104 --purpose "request of 12 March" --out exports/C-104

The export is itself a look at the person: the audit trail has who made it, when and for what."""


def _run(options: argparse.Namespace) -> Result:
    settings = settings_given(options)
    purpose = purpose_given(settings, options)
    if purpose is None:
        raise SettingError('say for what: --purpose "request of 12 March"')
    casebook_given(settings.casebook)
    who: str = (name_space(*options.lender) if options.lender else "") + visible(options.applicant_id)
    with (
        open_existing(settings.store, settings.timezone) as store,
        open_casebook(settings.casebook, settings.casebook_sync) as casebook,
    ):
        now = system_clock()
        by = by_command()
        line = AuditEntry(
            at=now, by=by.by, way=by.way, action=AuditAction.LOOKED, subject=f"applicant:{who}",
            as_of=now, purpose=purpose, detail="export",
        )  # fmt: skip
        try:
            held = held_about(store, casebook, who, now)
        except UnknownApplicantError:
            gone = erased_person(store, casebook, known_keys(settings), who)
            if gone is None:
                raise
            _refuse(gone, casebook, line, settings)
        if casebook.erasure_plans.unended():  # what it has left so far is not all that was held
            gone = erased_person(store, casebook, known_keys(settings), who)
            if gone is not None and gone.next_step:
                _refuse(gone, casebook, line, settings)
        casebook.audit.add([line])  # before anything leaves
    options.out.mkdir(parents=True, exist_ok=True)
    for name, content in (
        ("person.json", as_json(held)),
        ("person.html", as_page(held, time_zone(settings.timezone))),
    ):
        private.write(options.out / name, content)
    counts = {name: len(value) for name, value in held.items() if isinstance(value, list)}
    counts.pop("not_included")
    return Result({"applicant_id": who, "as_of": held["as_of"], "out": str(options.out), **counts})


def _refuse(gone: ErasedPerson, casebook: Casebook, line: AuditEntry, settings: Settings) -> NoReturn:
    """Keep the look by the code alone, and say that they were erased."""
    casebook.audit.add([replace(line, subject=f"applicant:erased:{gone.code}")])
    raise ErasedError(_said_of(gone, settings)) from None


def _said_of(gone: ErasedPerson, settings: Settings) -> str:
    """What an officer is told of somebody who was erased."""
    when = f" on {gone.at.astimezone(time_zone(settings.timezone)):%Y-%m-%d}" if gone.at else ""
    under = f", by the erasure {gone.certificate}" if gone.certificate else ""
    if gone.next_step:
        return (
            f"the store has forgotten this applicant{under}, which has not ended: the casebook may still "
            f"name them. Unless it is at work, {gone.next_step}"
        )
    return (
        f"nothing is held about this applicant any more: erased{when}{under}. Store and certificate "
        f"know them by the code {gone.code} alone"
    )


def _arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("what", choices=("export",), help="what to do")
    parser.add_argument("applicant_id", metavar="APPLICANT", help="the applicant's id")
    parser.add_argument(
        "--lender",
        metavar="LENDER",
        action="append",
        default=[],
        help="the id came with a key bound to this lender; once for each of its lenders",
    )
    parser.add_argument("--purpose", metavar="TEXT", required=True, help="for what, for the audit trail")
    parser.add_argument(
        "--out", metavar="FOLDER", type=Path, required=True, help="where person.json and person.html go"
    )
    add_store(parser)
    add_casebook(parser)


COMMAND = Command(
    name="person", script="", description=__doc__, example=EXAMPLE, arguments=_arguments, run=_run
)
