"""Which version of Ringfence runs."""

from __future__ import annotations

import configparser
from functools import cache
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

_BESIDE = Path(__file__).parents[1] / "setup.cfg"


@cache
def product_version() -> str:
    """The version in setup.cfg: of the file beside the source where there is one, because what is installed
    from a folder keeps its old number until it is installed anew; else of the installed package.
    """
    read = configparser.ConfigParser()
    read.read(_BESIDE, encoding="utf-8")
    if read.get("metadata", "name", fallback="") == "ringfence":
        return read.get("metadata", "version")
    try:
        return version("ringfence")
    except PackageNotFoundError:
        return "unknown"
