"""axe-core, which finds what is against the accessibility guidelines (WCAG), fetched once into var/."""

from __future__ import annotations

import subprocess
from functools import cache
from typing import Any

from tests.support.desk.browsers import ROOT, node_and_npm

AXE = "axe-core@4.14.1"
RULES = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa"]


@cache
def source() -> str:
    """The script. Raises RuntimeError where it cannot be had."""
    folder = ROOT / "var" / "axe" / AXE.partition("@")[2]
    script = folder / "node_modules" / "axe-core" / "axe.min.js"
    if not script.exists():
        folder.mkdir(parents=True, exist_ok=True)
        _, npm = node_and_npm()
        try:
            subprocess.run(
                [*npm, "install", "--ignore-scripts", "--silent", "--prefix", ".", AXE],
                cwd=folder,
                check=True,
            )
        except (OSError, subprocess.CalledProcessError) as error:
            raise RuntimeError(f"{AXE} cannot be fetched: {error}") from error
    return script.read_text(encoding="utf-8")


def violations(page: Any) -> list[str]:
    """What on the page is against WCAG A or AA: the rule, and where."""
    page.evaluate(source())
    found = page.evaluate(
        "rules => axe.run(document, {runOnly: {type: 'tag', values: rules}}).then(r => r.violations)", RULES
    )
    return [
        f"{one['id']}: {node['target']} {node['failureSummary']}" for one in found for node in one["nodes"]
    ]
