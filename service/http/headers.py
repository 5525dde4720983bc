"""Security headers of every answer: a strict content policy, with exceptions for the desk, the reference and
pages with a style of their own.
"""

from __future__ import annotations

import base64
import hashlib
import re

from flask import Flask, Response, request

_NOWHERE = "base-uri 'none'; frame-ancestors 'none'"
DATA = f"default-src 'none'; form-action 'none'; {_NOWHERE}"
"""The content security policy of what is no page: data, problems, files."""
_OWN = (
    "script-src 'self'; style-src 'self'; img-src 'self' data:; font-src 'self'; connect-src 'self'; "
    "form-action 'self'"
)
BUILT = f"default-src 'none'; {_OWN}; {_NOWHERE}"
"""That of the pages that npm built: the desk, and the reference of the API."""
_PAGES = frozenset(
    {
        "desk.page",
        "status.docs",
        "login.page",
        "login.enter",
        "login.to_provider",
        "login.callback",
        "login.password",
        "login.change_password",
    }
)
ALWAYS = {
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "no-referrer",  # an address names whom somebody looked at
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "X-Frame-Options": "DENY",  # for browsers that do not know frame-ancestors
}
BARE = tuple(
    (name.lower().encode(), value.encode())
    for name, value in (ALWAYS | {"Content-Security-Policy": DATA}).items()
)
"""The same for an answer that the application cannot give itself."""
_STYLE = re.compile(rb"<style>(.*?)</style>", re.DOTALL)


def install(app: Flask) -> None:
    """Let every answer of the application carry them, errors too."""
    app.after_request(_guarded)


def _guarded(response: Response) -> Response:
    headers = response.headers
    headers.extend(ALWAYS)  # nothing else names one of them: there is none to be replaced
    headers.add("Content-Security-Policy", BUILT if request.endpoint in _PAGES else _of_a_page(response))
    return response


def _of_a_page(response: Response) -> str:
    """A page for people has its style in itself, which its digest allows; nothing else, and no script."""
    if response.mimetype != "text/html" or response.is_streamed:
        return DATA
    styles = [
        f"'sha256-{base64.b64encode(hashlib.sha256(style).digest()).decode()}'"
        for style in _STYLE.findall(response.get_data())
    ]
    return f"{DATA}; style-src {' '.join(styles)}" if styles else DATA
