"""Every package that the product asks for has a version in constraints.txt, one that fits, and what is
installed is those versions.
"""

from __future__ import annotations

import configparser
import re
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

import pytest
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name
from packaging.version import Version

ROOT = Path(__file__).parents[2]
CONFIG = configparser.ConfigParser()
CONFIG.read(ROOT / "setup.cfg", encoding="utf-8")
LISTED = [CONFIG["options"]["install_requires"], *CONFIG["options.extras_require"].values()]
ASKED = [Requirement(line) for text in LISTED for line in text.split("\n") if line.strip()]
LINES = [
    line
    for line in (ROOT / "constraints.txt").read_text(encoding="utf-8").splitlines()
    if line and not line.startswith("#")
]
PINNED = {
    canonicalize_name(name): Version(number) for name, _, number in (line.partition("==") for line in LINES)
}


@pytest.mark.parametrize("asked", ASKED, ids=lambda asked: asked.name)
def test_every_package_has_a_version_that_fits(asked: Requirement) -> None:
    assert asked.specifier.contains(PINNED[canonicalize_name(asked.name)])


def test_constraints_are_exact_versions_of_public_packages() -> None:
    assert all(re.fullmatch(r"[A-Za-z0-9][\w.-]*==[0-9][\w.]*", line) for line in LINES)


def test_what_is_installed_here_are_those_versions() -> None:
    result = {}
    for name in PINNED:
        try:
            result[name] = Version(version(name))
        except PackageNotFoundError:  # of another platform, or of an extra that is not installed
            continue
    differ = {
        name: f"{number}, not {PINNED[name]}"
        for name, number in result.items()
        if number.public != PINNED[name].public
    }
    assert not differ, "run make setup"


def test_setup_and_the_image_install_them() -> None:
    for name in ("Makefile", "Dockerfile"):
        installs = [
            line
            for line in (ROOT / name).read_text(encoding="utf-8").splitlines()
            if "pip install" in line and "--editable" in line
        ]
        assert any("--constraint constraints.txt" in line for line in installs)
