"""Verify the seals over assessments and the history of cases, seal what has none yet, or print the anchor to
keep elsewhere.
"""

from __future__ import annotations

import argparse
from datetime import UTC, datetime

from graph.model.errors import SettingError
from investigations.casebook.seals import Anchor
from scripts.cli.command import DONE, FAILED, INCOMPLETE, Command, Result
from scripts.cli.settings_given import settings_given
from scripts.cli.usual_arguments import add_casebook
from service.opening import casebook_given, known_keys, open_casebook

EXAMPLE = """example:
  COMMAND verify --anchor 41207:9c1f...
  COMMAND seal
  COMMAND anchor

Exit status 1 where something is not as it was sealed, 3 where an erasure began and has not ended."""
_SHOWN = 100  # faults that are named


def _run(options: argparse.Namespace) -> Result:
    settings = settings_given(options)
    casebook_given(settings.casebook)  # what is not there has no audit, and is not made by looking
    with open_casebook(settings.casebook, settings.casebook_sync) as casebook:
        if options.what == "anchor":
            return Result(_shown(casebook.seals.head()))
        if options.what == "seal":
            sealed = 0
            while rows := casebook.seals.seal(datetime.now(UTC)):
                sealed += rows
            return Result({"sealed": sealed} | _shown(casebook.seals.head()))
        keys = known_keys(settings)
        found = casebook.seals.verify(options.anchor, keys)
        unended = casebook.erasure_plans.unended()
    if not keys and any(one.what == "erasure_forged" for one in found.faults):
        # without a key every erasure looks forged: nobody is to be accused by that
        raise SettingError(
            "the casebook holds erasures, and no key to check their signatures is known: give --store, "
            "beside which the key lies (STORE.key), or RINGFENCE_HASH_KEY"
        )
    figures = {
        "intact": not found.faults,
        "seals": found.seals,
        "rows": found.rows,
        "pending": found.pending,
        "erased": found.erased,
        "faults": len(found.faults),
        "found": [one._asdict() for one in found.faults[:_SHOWN]],
        "erasures_cut_off": [one.shown for one in unended],
    }
    status = FAILED if found.faults else INCOMPLETE if unended else DONE
    return Result(figures | _shown(found.head), status)


def _shown(anchor: Anchor) -> dict[str, object]:
    return {
        "anchor": f"{anchor.position}:{anchor.digest}",
        "at": anchor.at.isoformat() if anchor.at else None,
    }


def _anchor(given: str) -> Anchor:
    """POSITION:DIGEST, as `anchor` prints it."""
    position, _, digest = given.partition(":")
    if not position.isdecimal() or len(digest) != 64:
        raise argparse.ArgumentTypeError(f"{given!r} is no POSITION:DIGEST as `audit anchor` prints it")
    return Anchor(int(position), digest)


def _arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("what", choices=("verify", "seal", "anchor"), help="what to do")
    add_casebook(parser, "the casebook")
    parser.add_argument(
        "--store",
        metavar="URL",
        help="verify: the store beside which the key lies that signed erasures, where the settings hold none "
        "(default: RINGFENCE_STORE)",
    )
    parser.add_argument(
        "--anchor",
        metavar="POSITION:DIGEST",
        type=_anchor,
        action="append",
        default=[],
        help="verify: an anchor that was kept elsewhere; may be given again",
    )


COMMAND = Command(
    name="audit",
    script="",
    description=__doc__,
    example=EXAMPLE,
    arguments=_arguments,
    run=_run,
)
