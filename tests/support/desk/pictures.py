"""Makes the picture of the desk for README and docs/desk.md from a demonstration that serves:
`python -m tests.support.desk.pictures DESK_URL PASSWORD_FILE docs/images`, on a machine with a Chinese font.
"""

from __future__ import annotations

import io
import sys
from pathlib import Path
from typing import Any

from PIL import Image

from service.login.accounts import FIRST
from tests.support.desk.browsers import chromium

SIZE = {"width": 1440, "height": 900}
SETTLED_MS = 1_500  # until the layout has come to rest


def picture(desk: str, password: str, folder: Path) -> None:
    """`desk`: the ring at that address, drawn and explained, as whoever logs in sees it."""
    with chromium() as browser:
        context = browser.new_context(viewport=SIZE, locale="en-GB", timezone_id="Asia/Shanghai")
        page = context.new_page()
        page.goto(desk)
        page.fill("#name", FIRST)
        page.fill("#password", password)
        page.keyboard.press("Enter")
        page.wait_for_selector("#panel .members")
        page.wait_for_timeout(SETTLED_MS)
        page.click("#anew")  # from where the first layout has left things: they overlap less
        _keep(page, folder / "desk.png")


def _keep(page: Any, file: Path) -> None:
    page.mouse.move(SIZE["width"] / 2, SIZE["height"] - 1)  # over nothing
    page.evaluate("document.activeElement.blur()")
    page.wait_for_timeout(SETTLED_MS)
    shot = Image.open(io.BytesIO(page.screenshot())).convert("RGB")
    shot.quantize(256).save(file, optimize=True)


if __name__ == "__main__":
    picture(sys.argv[1], Path(sys.argv[2]).read_text(encoding="utf-8").strip(), Path(sys.argv[3]))
