"""Make the secrets of compose.yaml: passwords, the key of the pseudonyms and the callers' keys, each in a
file that only its owner can read.
"""

from __future__ import annotations

import os
import secrets
import sys
from argparse import ArgumentParser as Parser
from argparse import Namespace
from pathlib import Path

from graph.model.errors import SettingError
from scripts.cli.command import Command, Result
from service.folders import folder_for

EXAMPLE = """example:
  COMMAND secrets

What is there already stays as it is, so that it can be run again. The callers' keys are the lines of api_keys
(docs/settings.md)."""


def _arguments(parser: Parser) -> None:
    parser.add_argument(
        "folder",
        type=Path,
        nargs="?",
        default=Path("secrets"),
        metavar="FOLDER",
        help="where the files go (default: secrets)",
    )


def _run(options: Namespace) -> Result:
    folder = folder_for(options.folder)
    folder.chmod(0o700)
    wanted = _wanted()
    created = [name for name in wanted if not (folder / name).exists()]
    for together in (("store", "neo4j_auth"), ("casebook", "postgres_password")):  # both ends of one password
        if 0 < len(set(together) & set(created)) < len(together):
            raise SettingError(
                f"{folder} holds one of {' and '.join(together)}, which say the same password: write the "
                "other one by hand, or delete both"
            )
    for name in created:
        (folder / name).write_text(wanted[name] + "\n", encoding="utf-8")
    if os.getuid() == 0:
        print(
            (
                f"root owns {folder}: give it and the model to the service's user (chown -R 1000:1000 "
                f"{folder} var/model)"
            ),
            file=sys.stderr,
        )
    elif (os.getuid(), os.getgid()) != (1000, 1000):
        print(
            (
                f"put into .env, so that the service can read them: RINGFENCE_UID={os.getuid()} and "
                f"RINGFENCE_GID={os.getgid()}"
            ),
            file=sys.stderr,
        )
    return Result(
        {"folder": str(folder), "made": created, "kept": [name for name in wanted if name not in created]}
    )


def _wanted() -> dict[str, str]:
    """By file: a new secret for each."""
    graph, book = secrets.token_hex(24), secrets.token_hex(24)
    callers = {"engine": "risk+facts", "desk": "desk+rings", "prometheus": "metrics"}
    return {
        "neo4j_auth": f"neo4j/{graph}",
        "store": f"neo4j://neo4j:{graph}@neo4j:7687/neo4j",
        "postgres_password": book,
        "casebook": f"postgresql+psycopg://ringfence:{book}@postgres:5432/ringfence",
        "hash_key": secrets.token_hex(32),
        "api_keys": "\n".join(
            f"{name}:{secrets.token_hex(32)}:{scopes}@*" for name, scopes in callers.items()
        ),
    }


COMMAND = Command(
    name="secrets",
    script="make_secrets",
    description=__doc__,
    example=EXAMPLE,
    arguments=_arguments,
    run=_run,
)
