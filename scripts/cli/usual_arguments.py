"""The arguments that many commands have: what they open, and the period that they are about."""

from __future__ import annotations

import argparse

PURPOSE = "--purpose"


def add_store(parser: argparse.ArgumentParser, what: str = "graph store") -> None:
    """`--store`; `what` it is for this command."""
    parser.add_argument("--store", metavar="URL", help=f"{what} (default: RINGFENCE_STORE)")


def add_casebook(parser: argparse.ArgumentParser, what: str = "casebook") -> None:
    """`--casebook`; `what` it is for this command."""
    parser.add_argument("--casebook", metavar="URL", help=f"{what} (default: RINGFENCE_CASEBOOK)")


def add_period(parser: argparse.ArgumentParser) -> None:
    """`--since` and `--until`, both required."""
    parser.add_argument("--since", required=True, metavar="T", help="first moment of the period, ISO-8601")
    parser.add_argument("--until", required=True, metavar="T", help="first moment after the period, ISO-8601")


def add_purpose(parser: argparse.ArgumentParser) -> None:
    """`--purpose`, of a command that shows people."""
    parser.add_argument(
        PURPOSE,
        metavar="TEXT",
        default="",
        help="for what, for the audit trail; required where RINGFENCE_PURPOSE_REQUIRED is on",
    )
