"""Passwords: hashed by Argon2, and checked in the same time whether there is such a user or not."""

from __future__ import annotations

import unicodedata
from functools import cache
from typing import TYPE_CHECKING

from graph.model.errors import InputError, SettingError
from investigations.casebook.user_files import UserFiles
from investigations.users import DeskUser, user_name

if TYPE_CHECKING:
    from argon2 import PasswordHasher

MOST_CHARACTERS = 256
FEWEST_DIFFERENT = 5


class PasswordError(InputError):
    """A password that will not do. `word` is the page's sentence for it."""

    def __init__(self, word: str, message: str) -> None:
        super().__init__(message)
        self.word = word


def hashed(password: str) -> str:
    """The hash of a password, with its salt and parameters."""
    return _hasher().hash(_normal(password))


def refuse_unfit(password: str, name: str, fewest: int) -> None:
    """Raise PasswordError for one that is too short or too long, is made of hardly any characters, or is the
    user's name.
    """
    text = _normal(password)
    if not fewest <= len(text) <= MOST_CHARACTERS:
        raise PasswordError("password_length", f"a password has {fewest} to {MOST_CHARACTERS} characters")
    if len(set(text)) < FEWEST_DIFFERENT:
        raise PasswordError(
            "password_simple", f"a password has {FEWEST_DIFFERENT} different characters or more"
        )
    if name.casefold() in text.casefold() and len(text) < fewest + len(name):
        raise PasswordError("password_name", "a password is not the user's name with a little beside it")


def verified(users: UserFiles, name: str, password: str) -> DeskUser | None:
    """The user of that name, where the password is theirs and they may log in; None after as much work."""
    user = _named(users, name)
    known = user.password if user is not None else None
    right = len(password) <= MOST_CHARACTERS and is_right(known or _of_nobody(), password)
    if user is None or known is None or user.disabled or not right:
        return None
    if _hasher().check_needs_rehash(known):
        users.keep_rehashed(user.name, known, hashed(password))
        return users.named(user.name)
    return user


def is_right(known: str, password: str) -> bool:
    """Whether a hash is that password's."""
    from argon2.exceptions import InvalidHashError, VerificationError

    try:
        return _hasher().verify(known, _normal(password))
    except (VerificationError, InvalidHashError):
        return False


def _named(users: UserFiles, name: str) -> DeskUser | None:
    try:
        return users.named(user_name(name))
    except SettingError:
        return users.named("")  # the same question, of nobody


def _normal(password: str) -> str:
    """One form for what is typed in several ways, on whatever keyboard."""
    return unicodedata.normalize("NFKC", password)


@cache
def _hasher() -> PasswordHasher:
    from argon2 import PasswordHasher  # here, because hardly any process checks a password

    return PasswordHasher()


@cache
def _of_nobody() -> str:
    return hashed("a password that nobody has")
