"""Look at webhooks that are waiting or dead, send dead letters again, or make a secret for an endpoint."""

from __future__ import annotations

import argparse
from datetime import UTC, datetime

from graph.model.errors import SettingError
from investigations.casebook.message_files import DeliveryState, MessageDelivery
from scripts.cli.command import Command, Result
from scripts.cli.looks import keep_look
from scripts.cli.settings_given import settings_given
from scripts.cli.usual_arguments import add_casebook, add_purpose
from service.opening import casebook_given, open_casebook
from service.webhooks.signing import new_secret

EXAMPLE = """example:
  COMMAND list --state dead
  COMMAND resend --endpoint engine
  COMMAND secret"""
_MOST = 1000  # listed at once


def _run(options: argparse.Namespace) -> Result:
    if options.what == "secret":
        return Result({"secret": new_secret()})
    settings = settings_given(options)
    if options.what == "list":
        keep_look(settings, options, "webhooks")
    casebook_given(settings.casebook)  # what is not there owes nothing, and is not made by looking
    with open_casebook(settings.casebook, settings.casebook_sync) as casebook:
        if options.what == "list":
            state = DeliveryState(options.state) if options.state else None
            found = casebook.messages.deliveries(state, _MOST)
            backlog = {str(name): count for name, count in casebook.messages.backlog().items()}
            return Result({"deliveries": [_shown(one) for one in found], **backlog})
        if not options.id and not options.endpoint and not options.all:
            raise SettingError("say which dead letters: --id MSG-..., --endpoint NAME, or --all")
        return Result(
            {"sent_again": casebook.messages.send_again(options.id, datetime.now(UTC), options.endpoint)}
        )


def _shown(one: MessageDelivery) -> dict[str, object]:
    return {
        "id": one.message.message_id,
        "type": one.message.type.value,
        "subject": one.message.subject,
        "endpoint": one.endpoint,
        "state": one.state.value,
        "attempts": one.attempts,
        "due": one.due.isoformat(),
        "error": one.error,
    }


def _arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("what", choices=("list", "resend", "secret"), help="what to do")
    add_casebook(parser, "casebook with the messages")
    parser.add_argument(
        "--state",
        choices=[str(one) for one in DeliveryState],
        help="list: those in this state (default: all)",
    )
    add_purpose(parser)
    parser.add_argument("--endpoint", metavar="NAME", help="resend: the dead letters to this endpoint")
    parser.add_argument(
        "--id", metavar="ID", action="append", default=[], help="resend: this message; may be given again"
    )
    parser.add_argument("--all", action="store_true", help="resend: all dead letters")


COMMAND = Command(
    name="webhooks",
    script="",
    description=__doc__,
    example=EXAMPLE,
    arguments=_arguments,
    run=_run,
)
