"""Erase people from store and casebook for good, with a certificate; or say what would happen."""

from __future__ import annotations

import argparse
import csv
import dataclasses
from collections.abc import Iterator
from pathlib import Path

from graph.model.errors import ConflictError, DeliveryError, SettingError, UnknownApplicantError
from graph.progress import bar
from graph.signatures import Keys, SignatureState
from graph.store.erased_codes import ErasedCodes
from ingestion.characters import visible
from ingestion.contract import name_space
from scripts.cli.command import DONE, FAILED, INCOMPLETE, Command, Result
from scripts.cli.looks import purpose_given
from scripts.cli.settings_given import settings_given
from scripts.cli.usual_arguments import add_casebook, add_store
from service.clock import clock_of
from service.governance.erasure.certificate import CheckedCertificate, checked, codes_in
from service.governance.erasure.erasing import PeopleEraser
from service.governance.erasure.file_search import FileSearch
from service.governance.erasure.plan import ErasurePlan, ErasureReason, SortedPeople
from service.governance.erasure.trial import try_folder
from service.login.accounts import by_command
from service.opening import casebook_given, known_keys, open_casebook, open_existing
from service.settings import Settings

EXAMPLE = """example:
  COMMAND C-104 --purpose "request of 12 March" --check
  COMMAND C-104 --purpose "request of 12 March" --out certificates
  COMMAND --file leavers.csv --purpose "contracts ended" --out certificates
  COMMAND --resume --out certificates
  COMMAND --give-up E-64a1c5f09b3c1-d2e4f01a77 --purpose "its plan is lost"
  COMMAND --again certificates/erasure_E-64a1c5f09b3c1-d2e4f01a77.json --out certificates
  COMMAND --search exports --search backups
  COMMAND --verify certificates/erasure_E-64a1c5f09b3c1-d2e4f01a77.json

What was cut off is ended by the same command, or by --resume."""
_COLUMN = "applicant_id"
_NOT_SHOWN = ("by", "purpose", "people", "codes")  # of a certificate
_MOST = 500_000_000  # bytes of a certificate, which has a code for each name


def _run(options: argparse.Namespace) -> Result:
    settings = settings_given(options)
    if options.verify:
        return _verified(options.verify, settings)
    if options.search:
        return _searched(options.search, settings)
    if options.give_up:
        return _given_up(options, settings)
    people, reason = (
        (frozenset[str](), ErasureReason(by="", purpose=""))
        if options.resume or options.again
        else _asked(options, settings)
    )
    if options.out is None and not options.check:
        raise SettingError("say where the certificate goes: --out FOLDER; or --check, which changes nothing")
    casebook_given(settings.casebook)
    with (
        open_existing(settings.store, settings.timezone) as store,
        open_casebook(settings.casebook, settings.casebook_sync) as casebook,
    ):
        if options.check:
            eraser = PeopleEraser(store, casebook, settings, clock_of(casebook), Path())
            return _checked(eraser, people, reason)
        try_folder(options.out)
        eraser = PeopleEraser(store, casebook, settings, clock_of(casebook), options.out)
        with eraser.alone():
            if options.again:
                return _again(eraser, options.again, settings)
            return _erased(eraser, people, reason)


def _given_up(options: argparse.Namespace, settings: Settings) -> Result:
    """An erasure that nobody can end keeps others from being erased no more."""
    reason = _reason(options, settings)
    casebook_given(settings.casebook)
    with (
        open_existing(settings.store, settings.timezone) as store,
        open_casebook(settings.casebook, settings.casebook_sync) as casebook,
    ):
        eraser = PeopleEraser(store, casebook, settings, clock_of(casebook), Path())
        with eraser.alone():
            left = eraser.give_up(options.give_up, reason)
    return Result({"given_up": options.give_up, "left": left})


def _again(eraser: PeopleEraser, files: list[Path], settings: Settings) -> Result:
    """Whom these certificates are about is erased again where a backup or a new load has brought them."""
    keys, done = known_keys(settings), list[dict[str, object]]()
    for earlier in [codes_in(_read(file), keys) for file in files]:
        reason = ErasureReason(by=by_command().by, purpose=f"again: {earlier.certificate}")
        one = eraser.erase_again(earlier, reason)
        new = {"erased": len(one.people.to_erase), "file": str(one.file)} if one else {"erased": 0}
        done.append({"again": earlier.certificate, "refused": len(earlier.codes), **new})
    return Result({"certificates": done})


def _erased(eraser: PeopleEraser, given: frozenset[str], reason: ErasureReason) -> Result:
    plan = eraser.begun()
    if plan is not None:
        if given:
            _same(plan, given)
        done = eraser.resume(plan)
    elif not given:
        raise UnknownApplicantError("no erasure was cut off here: there is nothing to end")
    else:
        people = eraser.sorted_out(given)
        if not people.to_erase:
            return _nobody(eraser, people)
        done = eraser.erase(people, reason)
    certificate = {name: value for name, value in done.certificate.items() if name not in _NOT_SHOWN}
    figures = {"file": str(done.file)} | _figures(done.people, len(done.people.to_erase)) | certificate
    return Result(figures, _status(done.people))


def _same(plan: ErasurePlan, given: frozenset[str]) -> None:
    if given != plan.people.given:
        raise ConflictError(
            f"the erasure {plan.certificate} of {len(plan.people.given)} other ids was cut off: end it with "
            "--resume, then erase these"
        )


def _nobody(eraser: PeopleEraser, people: SortedPeople) -> Result:
    """Nobody is to be erased: what an earlier erasure left free in files is overwritten."""
    if not people.erased_before:
        raise UnknownApplicantError(
            f"neither store nor casebook knows {', '.join(people.unknown)}; an id that came with a key bound "
            "to lenders is known by them: give its --lender"
        )
    return Result(_figures(people, 0) | {"overwritten": eraser.overwrite_free_space()}, _status(people))


def _checked(eraser: PeopleEraser, given: frozenset[str], reason: ErasureReason) -> Result:
    people = eraser.sorted_out(given)
    found = eraser.check(people, reason) if people.to_erase else {}
    cut_off = {"cut_off": shown} if (shown := eraser.cut_off()) else {}
    status = INCOMPLETE if cut_off else _status(people)
    return Result({"check": True} | _figures(people, len(people.to_erase)) | found | cut_off, status)


def _figures(people: SortedPeople, erased: int) -> dict[str, object]:
    return {
        "asked": len(people.given),
        "erased": erased,
        "erased_before": len(people.erased_before),
        "unknown": list(people.unknown),
    }


def _status(people: SortedPeople) -> int:
    return INCOMPLETE if people.unknown else DONE


def _verified(files: list[Path], settings: Settings) -> Result:
    keys = known_keys(settings)
    lines = [{"file": str(path), **dataclasses.asdict(_certificate(path, keys))} for path in files]
    whole = all(line["state"] is SignatureState.VALID for line in lines)
    return Result({"certificates": lines}, DONE if whole else FAILED)


def _certificate(path: Path, keys: Keys) -> CheckedCertificate:
    content = _read(path)
    try:
        return checked(content, keys)
    except DeliveryError as error:
        raise DeliveryError(f"{path}: {error}") from None


def _searched(folders: list[Path], settings: Settings) -> Result:
    """Files that still name people whom the store has erased, and those in which nobody can search."""
    with open_existing(settings.store, settings.timezone) as store:
        codes = ErasedCodes(known_keys(settings), store.refused())
    if not codes:
        raise SettingError("nobody was erased from this store: there is nothing to search for")
    if missing := [str(one) for one in folders if not one.exists()]:
        raise DeliveryError(f"there is no {', '.join(missing)}")
    with bar("searching", None, " files") as progress:
        search = FileSearch(codes)
        files = [one for folder in folders for one in search.folder(folder, progress)]
    found = [one for one in files if one.any]
    figures = {
        "searched": len(files),
        "files_that_name_them": len(found),
        "files_not_searched": sum(bool(one.closed) for one in files),
        "found": [
            {
                "file": str(one.file),
                "people": one.people,
                "applications": one.applications,
                "events": one.events,
            }
            for one in found
        ],
        "not_searched": [{"file": str(one.file), "why": one.closed} for one in files if one.closed],
    }
    return Result(figures, INCOMPLETE if found or figures["not_searched"] else DONE)


def _read(path: Path) -> bytes:
    try:
        if path.stat().st_size > _MOST:
            raise DeliveryError(f"{path}: larger than {_MOST} bytes, so no certificate")
        return path.read_bytes()
    except OSError as error:
        raise DeliveryError(f"{path}: {error.strerror}") from None


def _asked(options: argparse.Namespace, settings: Settings) -> tuple[frozenset[str], ErasureReason]:
    """Whom it is about, and for what. Raises SettingError for arguments that lack something, PurposeError."""
    space = name_space(*options.lender) if options.lender else ""
    listed = _listed(options.file) if options.file else ()
    people = frozenset(space + who for one in (*options.applicants, *listed) if (who := visible(one)))
    if not people:
        raise SettingError("say whom: their applicant ids, or --file with one a line")
    return people, _reason(options, settings)


def _reason(options: argparse.Namespace, settings: Settings) -> ErasureReason:
    purpose = purpose_given(settings, options)
    if purpose is None:
        raise SettingError('say for what: --purpose "request of 12 March"')
    return ErasureReason(by=by_command().by, purpose=purpose)


def _listed(path: Path) -> Iterator[str]:
    """The ids in a file: one a line, or a CSV with a column applicant_id."""
    try:
        with path.open(encoding="utf-8-sig", newline="") as file:
            if path.suffix.lower() != ".csv":
                yield from file
                return
            rows = csv.DictReader(file)
            if _COLUMN not in (rows.fieldnames or ()):
                raise DeliveryError(f"{path}: a CSV of people has a column {_COLUMN}")
            yield from (row[_COLUMN] or "" for row in rows)
    except UnicodeDecodeError:
        raise DeliveryError(f"{path}: it is not UTF-8") from None
    except csv.Error as error:
        raise DeliveryError(f"{path}: {error}") from None
    except OSError as error:
        raise DeliveryError(f"{path}: {error.strerror}") from None


def _arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("applicants", nargs="*", metavar="APPLICANT", help="applicant ids")
    parser.add_argument(
        "--file",
        metavar="FILE",
        type=Path,
        help="more of them: one a line, or .csv with a column applicant_id",
    )
    parser.add_argument(
        "--lender",
        metavar="LENDER",
        action="append",
        default=[],
        help="the ids came with a key bound to this lender; once for each of its lenders",
    )
    parser.add_argument("--purpose", metavar="TEXT", help="for what, for certificate and audit trail")
    parser.add_argument("--out", metavar="FOLDER", type=Path, help="where the certificate goes")
    parser.add_argument("--check", action="store_true", help="say what would happen, change nothing")
    parser.add_argument(
        "--resume", action="store_true", help="end an erasure that was cut off, whoever it is about"
    )
    parser.add_argument(
        "--give-up",
        metavar="CERTIFICATE_ID",
        help="let an erasure go that was cut off and that nobody can end, because its plan or key is lost",
    )
    parser.add_argument(
        "--again", metavar="CERTIFICATE", type=Path, action="append", default=[],
        help="erase again whom it is about, after a backup was brought back or deliveries were loaded into a "
        "new store; may be given again",
    )  # fmt: skip
    parser.add_argument(
        "--verify", metavar="CERTIFICATE", type=Path, action="append", default=[],
        help="check a certificate by its signature; may be given again",
    )  # fmt: skip
    parser.add_argument(
        "--search", metavar="FOLDER", type=Path, action="append", default=[],
        help="name the files below it that still hold ids of anybody erased; may be given again",
    )  # fmt: skip
    add_store(parser)
    add_casebook(parser)


COMMAND = Command(
    name="erase", script="", description=__doc__, example=EXAMPLE, arguments=_arguments, run=_run
)
