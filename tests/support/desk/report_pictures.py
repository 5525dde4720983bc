"""Makes the pictures of the weekly review's tutorial:
`python -m tests.support.desk.report_pictures REPORT.html docs/images`, on a machine with a Chinese font.
"""

from __future__ import annotations

import io
import sys
from pathlib import Path
from typing import Any

from PIL import Image

from tests.support.desk.browsers import chromium

WIDTH, MARGIN = 1180, 28
TOP = "What is new since last week"
PARTS = {"report_rings": ("The worst rings", 560), "report_fairness": ("Fairness to groups of people", 0)}
# where a section begins, and the one after it
PLACE = """title => {
    const heads = [...document.querySelectorAll('h2')];
    const at = heads.findIndex(head => head.innerText.startsWith(title));
    return [heads[at], heads[at + 1]].map(head => head.getBoundingClientRect().top + window.scrollY);
}"""


def pictures(report: Path, folder: Path) -> None:
    """`report` (its head, down to what is new), and PARTS."""
    with chromium() as browser:
        page = browser.new_context(viewport={"width": WIDTH, "height": 1420}, locale="en-GB").new_page()
        page.goto(report.absolute().as_uri())
        page.wait_for_timeout(500)
        whole = Image.open(io.BytesIO(page.screenshot(full_page=True))).convert("RGB")
        _keep(whole, 0, page.evaluate(PLACE, TOP)[0] - MARGIN, folder / "report.png")
        for name, (title, height) in PARTS.items():
            start, end = page.evaluate(PLACE, title)
            end = start + height if height else end - 2 * MARGIN
            _keep(whole, start - MARGIN, end, folder / f"{name}.png")


def _keep(whole: Any, top: float, bottom: float, file: Path) -> None:
    whole.crop((0, int(top), WIDTH, int(bottom))).quantize(256).save(file, optimize=True)


if __name__ == "__main__":
    pictures(Path(sys.argv[1]), Path(sys.argv[2]))
