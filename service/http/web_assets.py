"""What npm built beside the service: the scripts and styles of its two pages, the desk and the reference."""

from __future__ import annotations

import hashlib
from functools import cache
from pathlib import Path

from flask import Response, request, send_from_directory

BUILT = Path(__file__).parents[1] / "web" / "dist"


@cache
def version(page: str) -> str:
    """A short hash of what was built for a page (`desk`, `reference`), or nothing where nothing was."""
    files = sorted(p for p in BUILT.glob(f"{page}.*") if p.is_file())
    return hashlib.sha256(b"".join(p.read_bytes() for p in files)).hexdigest()[:12] if files else ""


def sent(name: str) -> Response:
    """One of the files. A page asks with the content's hash, so a browser may keep it. Raises NotFound."""
    return send_from_directory(BUILT, name, max_age=31_536_000 if "v" in request.args else 3_600)
