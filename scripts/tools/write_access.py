"""Write docs/access.md, which role and which scope opens which route, from the application's own routes."""

from __future__ import annotations

import argparse
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

from werkzeug.routing import Map

from investigations.users import DeskRole
from service.app import create_app
from service.http.callers.access import ANY_USER, OPEN_TO_ALL, ROLES, scope_of
from service.settings import NO_FRAME, Settings
from service.wiring import wire

PAGE = Path(__file__).resolve().parents[2] / "docs" / "access.md"
OPENING = """# Who may use which route

By the scope of a key, or by the role of somebody who has logged in ([users](how_to/users.md)): ✓ is answered,
and what is empty is 403 `scope_missing`. Routes of the API answer under `/v1` as well.
`scripts/tools/write_access.py` writes this page from the application's own routes,
and `tests/service/http/test_roles.py` asks every route as every role.

"""


def main(arguments: list[str] | None = None) -> int:
    """Exit status: 0 written."""
    argparse.ArgumentParser(
        description=__doc__, epilog="example: .venv/bin/python -m scripts.tools.write_access"
    ).parse_args(arguments)
    with tempfile.TemporaryDirectory() as folder:
        settings = Settings(
            store=f"sqlite:///{folder}/graph.db", casebook=f"sqlite:///{folder}/casebook.db", frame=NO_FRAME
        )
        context = wire(settings)
        text = page(create_app(context).url_map)
        context.close()
    PAGE.write_text(text, encoding="utf-8")
    return 0


def page(routes: Map) -> str:
    """The page of an application with these routes."""
    head = ("route", "scope", *DeskRole)
    lines = [f"| {' | '.join(head)} |", f"|{'---|' * len(head)}"]
    return OPENING + "\n".join([*lines, *_rows(routes)]) + "\n"


def _rows(routes: Map) -> Iterator[str]:
    for rule in sorted(routes.iter_rules(), key=lambda rule: (rule.rule, sorted(rule.methods or ()))):
        if rule.rule.startswith("/v1/") or rule.rule == "/desk/":
            continue
        scope = scope_of(rule.endpoint)
        methods = " ".join(sorted((rule.methods or set()) - {"HEAD", "OPTIONS"}))
        path = rule.rule.replace("<path:", "<")
        needed = scope if scope in (OPEN_TO_ALL, ANY_USER) else f"`{scope}`"
        marks = ["✓" if may(role, scope) else "" for role in DeskRole]
        yield f"| `{methods} {path}` | {needed} | {' | '.join(marks)} |"


def may(role: DeskRole, scope: str) -> bool:
    """Whether that role opens what needs that scope."""
    return scope in (OPEN_TO_ALL, ANY_USER) or scope in ROLES[role]


if __name__ == "__main__":
    sys.exit(main())
