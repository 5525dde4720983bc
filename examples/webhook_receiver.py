"""A receiver of Ringfence's webhooks: it checks who sent them and when, and does each once.

pip install flask
WEBHOOK_SECRET=whsec_... flask --app examples/webhook_receiver.py run --port 9000
"""

from __future__ import annotations

import base64
import hashlib
import hmac
import os
import time
from collections.abc import Mapping

from flask import Flask, Response, request

WINDOW_S = 300  # how old a message may be: who recorded one cannot play it again later


class Refused(Exception):
    """The message is not from who holds the secret, or not of now."""


def verified(headers: Mapping[str, str], body: bytes, secret: str, now: float) -> str:
    """The id of a message that is genuine and fresh. Raises Refused."""
    try:
        named = {name.lower(): value for name, value in headers.items()}
        message_id, stamp = named["webhook-id"], named["webhook-timestamp"]
        given = named["webhook-signature"].split(" ")
        sent_at = int(stamp)
    except (KeyError, ValueError) as error:
        raise Refused("the headers of a webhook are missing") from error
    if abs(now - sent_at) > WINDOW_S:
        raise Refused("the message is too old, or from the future")
    key = base64.b64decode(secret.removeprefix("whsec_"))
    # over the bytes as they came: JSON that was read and written again is another text
    digest = hmac.new(key, f"{message_id}.{stamp}.".encode() + body, hashlib.sha256).digest()
    expected = "v1," + base64.b64encode(digest).decode()
    if not any(hmac.compare_digest(expected, one) for one in given):
        raise Refused("the signature is wrong")
    return message_id


def create_app(secret: str) -> Flask:
    """A receiver; `app.received` has what came, by message id."""
    app = Flask(__name__)
    received: dict[str, object] = {}  # a table with a unique key in a program that lasts
    app.received = received  # type: ignore[attr-defined]

    @app.post("/ringfence")
    def take() -> Response:
        try:
            message_id = verified(dict(request.headers), request.get_data(), secret, time.time())
        except Refused as error:
            return Response(str(error), status=401)
        if message_id not in received:  # a message may come more than once
            received[message_id] = request.get_json()
        return Response(status=204)  # say so at once; what takes long is done afterwards

    return app


if "WEBHOOK_SECRET" in os.environ:
    app = create_app(os.environ["WEBHOOK_SECRET"])
