"""Add, list, change or disable the people who log in at the desk by name."""

from __future__ import annotations

import argparse
import getpass
import sys
from collections.abc import Callable, Mapping

from graph.model.errors import SettingError
from investigations.casebook.user_files import UserFiles
from investigations.users import DeskRole, DeskUser, user_name
from scripts.cli.command import Command, Result
from scripts.cli.settings_given import settings_given
from scripts.cli.usual_arguments import add_casebook
from service.login import accounts
from service.login.passwords import hashed, refuse_unfit
from service.opening import casebook_given, open_casebook

EXAMPLE = """example:
  COMMAND add wang --role investigator
  COMMAND add li --role senior --provider
  COMMAND list
  COMMAND role wang --role senior
  COMMAND password wang --password-stdin < secrets/wang
  COMMAND disable wang

A password is asked for, or read from the standard input; never given as an argument.
Changes hold at once, in open sessions too."""


def _run(options: argparse.Namespace) -> Result:
    settings = settings_given(options)
    if options.what != "list" and not options.name:
        raise SettingError(f"say whom: {options.what} NAME")
    if options.new_casebook and options.what != "add":
        raise SettingError(f"--new-casebook is for `add`: a new casebook has nobody to {options.what}")
    casebook_given(settings.casebook, new=options.new_casebook if options.what == "add" else None)
    with open_casebook(settings.casebook, settings.casebook_sync) as casebook:
        return Result(_WHAT[options.what](casebook.users, options, settings.password_characters))


def _list(users: UserFiles, options: argparse.Namespace, _: int) -> Mapping[str, object]:
    return {"users": [_shown(one) for one in users.all()]}


def _add(users: UserFiles, options: argparse.Namespace, fewest: int) -> Mapping[str, object]:
    role = _role(options)
    name = user_name(options.name)
    if users.named(name) is not None:
        raise SettingError(f"there is a user {name} already: `role`, `password` and `enable` change one")
    password = None if options.provider else _password(options, name, fewest)
    return _shown(accounts.add(users, name, role, password, fewest))


def _change_role(users: UserFiles, options: argparse.Namespace, _: int) -> Mapping[str, object]:
    name = user_name(options.name)
    users.give_role(name, _role(options), accounts.by_command())
    return _shown_again(users, name)


def _change_password(users: UserFiles, options: argparse.Namespace, fewest: int) -> Mapping[str, object]:
    name = user_name(options.name)
    if users.named(name) is None:
        raise SettingError(f"there is no user {name}: `list` shows all")
    users.set_password(name, hashed(_password(options, name, fewest)), accounts.by_command())
    return _shown_again(users, name)


def _disable(users: UserFiles, options: argparse.Namespace, _: int) -> Mapping[str, object]:
    name = user_name(options.name)
    users.set_disabled(name, options.what == "disable", accounts.by_command())
    return _shown_again(users, name)


_WHAT: Mapping[str, Callable[[UserFiles, argparse.Namespace, int], Mapping[str, object]]] = {
    "add": _add,
    "list": _list,
    "role": _change_role,
    "password": _change_password,
    "disable": _disable,
    "enable": _disable,
}


def _role(options: argparse.Namespace) -> DeskRole:
    if not options.role:
        raise SettingError(f"say which role: --role {' or '.join(DeskRole)} (docs/how_to/users.md)")
    return DeskRole(options.role)


def _password(options: argparse.Namespace, name: str, fewest: int) -> str:
    """The password, typed twice or from the standard input. Raises PasswordError for one that will not do."""
    if options.password_stdin:
        password = sys.stdin.readline().rstrip("\r\n")
    elif sys.stdin.isatty():
        password = getpass.getpass(f"password of {name} ({fewest} characters or more): ")
        if getpass.getpass("again: ") != password:
            raise SettingError("the two passwords are not the same: nothing was changed")
    else:
        raise SettingError("there is nobody to ask for the password: give --password-stdin, or --provider")
    refuse_unfit(password, name, fewest)
    return password


def _shown_again(users: UserFiles, name: str) -> Mapping[str, object]:
    user = users.named(name)
    return _shown(user) if user is not None else {}


def _shown(user: DeskUser) -> Mapping[str, object]:
    return {
        "name": user.name,
        "role": user.role.value,
        "disabled": user.disabled,
        "logs_in": "by password" if user.password else "through the provider",
        "created_at": user.created_at.isoformat(),
        "last_login": user.last_login.isoformat() if user.last_login else None,
    }


def _arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("what", choices=tuple(_WHAT), help="what to do")
    parser.add_argument("name", nargs="?", metavar="NAME", help="whom; every action but `list` needs it")
    add_casebook(parser, "casebook with the users")
    parser.add_argument(
        "--new-casebook", action="store_true", help="add: make the casebook where it is not there yet"
    )
    parser.add_argument("--role", choices=[str(one) for one in DeskRole], help="add, role: what they may do")
    parser.add_argument(
        "--provider", action="store_true", help="add: they log in through the provider, without a password"
    )
    parser.add_argument(
        "--password-stdin",
        action="store_true",
        help="add, password: read it from the standard input, one line",
    )


COMMAND = Command(
    name="users",
    script="",
    description=__doc__,
    example=EXAMPLE,
    arguments=_arguments,
    run=_run,
)
