"""Keys that could not be told apart or named are refused, and a bounded memory gives the same pseudonyms."""

from __future__ import annotations

import pytest

from graph.model.errors import SettingError
from ingestion import parse_context
from ingestion.contract import TABLES
from ingestion.identifiers.pseudonymise import Keyring
from ingestion.parse_context import Pseudonymiser

KEY = "a key for tests"


@pytest.mark.parametrize(
    ("text", "settings", "said"),
    [
        ("", {}, "empty"),
        ("k2:new,k1:old,k2:newer", {}, "same version"),
        (KEY, {"version": "1st"}, "'1st' is no name of a key version"),
        (KEY, {"algorithm": "md5"}, "unknown hash algorithm 'md5'"),
    ],
)
def test_a_key_without_a_name_of_its_own_is_refused(text: str, settings: dict[str, str], said: str) -> None:
    with pytest.raises(SettingError, match=said):
        Keyring.parse(text, **settings)


def test_a_value_has_one_pseudonym_however_little_is_remembered(monkeypatch: pytest.MonkeyPatch) -> None:
    applications = TABLES["applications"]
    asked = [
        (applications.column(name), f"1381234{n:04d}")
        for n in range(12)
        for name in ("phone", "contact_phone_1", "employer_phone")
    ] * 2
    plenty = [Pseudonymiser(Keyring.parse(KEY)).identify(*one).mention.identifier for one in asked]
    monkeypatch.setattr(parse_context, "_REMEMBERED", 2)
    monkeypatch.setattr(parse_context, "_ALL_REMEMBERED", 3)
    monkeypatch.setattr(parse_context, "_COLUMNS", 2)
    forgetful = Pseudonymiser(Keyring.parse(KEY))
    assert [forgetful.identify(*one).mention.identifier for one in asked] == plenty
