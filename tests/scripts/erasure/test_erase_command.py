"""People who are erased by the command are named in no file, and nobody else notices."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from pathlib import Path

import pytest

from graph.store.erased_codes import ErasedCodes, NameKind
from ingestion.contract import name_space
from investigations.users import AuditAction, AuditFilter
from scripts.cli.command import DONE, FAILED, INCOMPLETE, UNUSABLE
from scripts.cli.main import main
from service.opening import known_keys, open_casebook
from service.settings import Settings
from tests.support.casebooks import assessment
from tests.support.erasure.worlds import (
    GONE,
    ONLY_ASSESSED,
    OWN_PHONE,
    customer,
    names_in_casebook,
    names_of,
    replayed,
    traces,
)
from tests.support.small_worlds import applies, day, facts_of
from tests.support.stores import HASH_KEY, ON_NEO4J, open_url, sqlite_only

WHY = ("--purpose", "request of 12 March")
FOREVER = datetime.max.replace(tzinfo=UTC)


def erase(settings: Settings, *given: str) -> int:
    return main(["erase", *given, "--store", settings.store, "--casebook", settings.casebook])


def figures(capsys: pytest.CaptureFixture[str]) -> dict[str, object]:
    read: dict[str, object] = json.loads(capsys.readouterr().out.splitlines()[-1])
    return read


def test_no_file_names_the_erased_and_everybody_elses_answers_are_computed_again(
    settings: Settings, out: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    people = (*GONE, ONLY_ASSESSED)
    if not ON_NEO4J:
        assert {name for _, name in traces(tmp_path, *people)} >= {*people, OWN_PHONE}
    assert {*names_in_casebook(settings, *people)} >= {*people, "LOAN-nowhere", "LOAN-new-3"}
    assert erase(settings, *people, *WHY, "--out", str(out)) == DONE
    said = figures(capsys)
    assert [*traces(tmp_path, *people)] == []
    assert [*traces(out, *people)] == []
    assert names_in_casebook(settings, *people) == []
    assert (said["erased"], said["unknown"]) == (4, [])
    assert replayed(settings) == (9, 9)
    with open_casebook(settings.casebook) as book:
        assert book.seals.verify(keys=known_keys(settings)).faults == ()
    with open_url(settings.store) as store:
        tables = store.view(FOREVER).tables_with_tokens()
        seen = {*tables.applicant_ids, *tables.applications["application_id"], *tables.identifiers["token"]}
        assert not seen & {*names_of(*people)}
        assert customer(5) in seen


def test_the_certificate_says_what_was_done_and_left_and_names_nobody(
    settings: Settings, out: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert erase(settings, *GONE, "CUSTOMER-x", *WHY, "--out", str(out)) == INCOMPLETE
    said = figures(capsys)
    assert said["unknown"] == ["CUSTOMER-x"]
    (file,) = out.iterdir()
    assert file.name == f"erasure_{said['certificate']}.json"
    assert file.stat().st_mode & 0o077 == 0
    held = json.loads(file.read_bytes())
    assert held["people"] == {"asked": 4, "erased": 3, "unknown": 1, "erased_before": 0}
    assert held["purpose"] == WHY[1]
    assert held["store"]["kind"] == ("neo4j" if ON_NEO4J else "sqlite")
    assert held["store"]["rows"]["people"] == 3
    assert held["store"]["rows"]["identifiers"] >= 1
    assert held["casebook"]["rows"]["assessments"] >= 3
    assert held["casebook"]["rows"]["attachments"] == 1
    for named in ("backups", "amounts", "last two characters", "somebody else holds", "columns of their own",
                  "cases about", "pictures", "digests", "keyed codes"):  # fmt: skip
        assert [sentence for sentence in held["left"] if named in sentence], named
    assert "CUSTOMER" not in file.read_text()
    assert main(["erase", "--verify", str(file), "--store", settings.store]) == DONE
    assert figures(capsys)["certificates"][0]["state"] == "valid"  # type: ignore[index]


@pytest.mark.parametrize(
    ("old", "new", "state"),
    [('"erased": 3', '"erased": 4', "tampered"), ('"sha256": "', '"sha256": "0', "tampered"),
     ('"signature": "k1:', '"signature": "k9:', "unknown_key"), ('"signature"', '"sign"', "unsigned")],
)  # fmt: skip
def test_a_certificate_that_was_changed_is_found(
    settings: Settings, out: Path, capsys: pytest.CaptureFixture[str], old: str, new: str, state: str
) -> None:
    assert erase(settings, *GONE, *WHY, "--out", str(out)) == DONE
    (file,) = out.iterdir()
    text = file.read_text()
    assert old in text
    file.write_text(text.replace(old, new))
    capsys.readouterr()
    assert main(["erase", "--verify", str(file), "--store", settings.store]) == FAILED
    assert figures(capsys)["certificates"][0]["state"] == state  # type: ignore[index]


def test_the_trail_has_the_erasure_and_its_purpose_and_not_the_person(
    settings: Settings, out: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert erase(settings, *GONE, *WHY, "--out", str(out)) == DONE
    certificate = figures(capsys)["certificate"]
    with open_casebook(settings.casebook) as book:
        (line,), _ = book.audit.read(AuditFilter(action=AuditAction.ERASED))
    assert (line.subject, line.purpose) == (f"certificate:{certificate}", WHY[1])
    assert line.detail == "3 people"


def test_a_check_says_what_would_happen_and_changes_nothing(
    settings: Settings, out: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    with open_url(settings.store) as store:
        before = store.edition()
    assert erase(settings, *GONE, *WHY, "--check") == DONE
    checked = figures(capsys)
    with open_url(settings.store) as store:
        assert store.edition() == before
    assert ON_NEO4J or {name for _, name in traces(tmp_path, *GONE)} >= {*GONE}
    assert erase(settings, *GONE, *WHY, "--out", str(out)) == DONE
    done = figures(capsys)
    assert checked["rows"] == {part: done[part]["rows"] for part in ("store", "casebook")}  # type: ignore[index]


def test_erasing_again_is_harmless_and_says_so(
    settings: Settings, out: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert erase(settings, *GONE, *WHY, "--out", str(out)) == DONE
    with open_url(settings.store) as store:
        edition = store.edition()
    capsys.readouterr()
    assert erase(settings, *GONE, *WHY, "--out", str(out)) == DONE
    said = figures(capsys)
    assert (said["erased"], said["erased_before"]) == (0, 3)
    with open_url(settings.store) as store:
        assert store.edition() == edition
    assert len([*out.iterdir()]) == 1


def test_whoever_was_erased_may_come_back_as_somebody_new_and_be_erased_again(
    settings: Settings, out: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert erase(settings, *GONE, *WHY, "--out", str(out)) == DONE
    with open_url(settings.store) as store:
        store.refusal.open_with(known_keys(settings))
        store.add(facts_of(applies(GONE[0], 900, application_id="LOAN-back")))
    capsys.readouterr()
    assert erase(settings, GONE[0], *WHY, "--out", str(out)) == DONE
    assert figures(capsys)["store"]["rows"]["people"] == 1  # type: ignore[index]
    with open_url(settings.store) as store:
        codes = ErasedCodes(known_keys(settings), store.refused())
    assert codes.until(NameKind.APPLICATION, "LOAN-back") > 0


def test_ids_come_from_a_file_and_of_a_bound_lender_another_person_is_meant(
    settings: Settings, out: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    bound = f"{name_space('L2')}{GONE[0]}"
    with open_url(settings.store) as store:
        store.add(facts_of(applies(bound, 5, application_id="@L2/LOAN-bound")))
    listed = out / "leavers.csv"
    listed.write_text(f"name,applicant_id\nx,{GONE[0]}\n")
    assert erase(settings, "--file", str(listed), "--lender", "L2", *WHY, "--out", str(out)) == DONE
    assert figures(capsys)["erased"] == 1
    with open_url(settings.store) as store:
        ids = store.view(FOREVER).tables().applicant_ids.tolist()
    assert bound not in ids
    assert GONE[0] in ids


def test_a_list_says_whom_it_means_however_a_spreadsheet_has_written_the_ids(
    settings: Settings, out: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    who, wide = GONE[0], "".join(chr(ord(c) + 0xFEE0) for c in GONE[1])
    listed = out / "leavers.txt"
    listed.write_text(f"\ufeff{who}\r\n\r\n'{who}'\r\n  {who}\u200b\r\n=\"{who}\"\r\n{wide}\r\n", newline="")
    assert erase(settings, "--file", str(listed), *WHY, "--check") == DONE
    said = figures(capsys)
    assert (said["asked"], said["erased"], said["unknown"]) == (2, 2, [])


def test_the_lenders_of_a_binding_may_be_named_in_any_order(
    settings: Settings, capsys: pytest.CaptureFixture[str]
) -> None:
    with open_url(settings.store) as store:
        store.add(facts_of(applies("@L1+L2/shared", 5, application_id="@L1+L2/LOAN-bound")))
    assert erase(settings, "shared", "--lender", "L2", "--lender", "L1", *WHY, "--check") == DONE
    assert figures(capsys)["erased"] == 1


def test_nobody_is_erased_while_the_store_is_owed_facts_about_them(
    settings: Settings, out: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    with open_casebook(settings.casebook) as book:
        owed = assessment(9, applicant_id=GONE[1], application_id="LOAN-owed", as_of=day(71))
        book.record(owed, to_outbox=True)
    assert erase(settings, *GONE, *WHY, "--out", str(out)) == FAILED
    assert "owed 1 application" in capsys.readouterr().err
    with open_url(settings.store) as store:
        assert GONE[0] in store.view(FOREVER).tables().applicant_ids
    assert [*out.iterdir()] == []


@pytest.mark.parametrize(
    ("given", "status", "words"),
    [
        (["nobody", *WHY, "--out", "OUT"], FAILED, "neither store nor casebook knows nobody"),
        ([*WHY, "--out", "OUT"], UNUSABLE, "say whom"),
        ([GONE[0], "--out", "OUT"], UNUSABLE, "say for what"),
        ([GONE[0], *WHY], UNUSABLE, "--out FOLDER"),
        ([GONE[0], "--purpose", f"{GONE[0]} asked", "--out", "OUT"], UNUSABLE, "names somebody"),
        (["--resume", "--out", "OUT"], FAILED, "no erasure was cut off"),
        (["--file", "OUT/none.txt", *WHY, "--out", "OUT"], UNUSABLE, "No such file"),
        (["--verify", __file__], UNUSABLE, f"{__file__}: no certificate of an erasure"),
    ],
)
def test_what_cannot_be_erased_is_said_and_nothing_is_changed(
    settings: Settings,
    out: Path,
    capsys: pytest.CaptureFixture[str],
    given: list[str],
    status: int,
    words: str,
) -> None:
    with open_url(settings.store) as store:
        before = store.edition()
    assert erase(settings, *(one.replace("OUT", str(out)) for one in given)) == status
    assert words in capsys.readouterr().err
    with open_url(settings.store) as store:
        assert store.edition() == before
    assert [*out.iterdir()] == []


def test_a_csv_with_a_cell_that_no_id_fills_is_refused_with_its_reason(
    settings: Settings, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    listed = tmp_path / "leavers.csv"
    listed.write_text(f'applicant_id\n"{"x" * 200_000}"\n')
    assert erase(settings, "--file", str(listed), *WHY, "--check") == UNUSABLE
    assert "leavers.csv: field larger than field limit" in capsys.readouterr().err


@sqlite_only
def test_the_audit_finds_the_key_of_erasures_beside_the_store_that_is_named(
    settings: Settings, out: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    assert erase(settings, *GONE, *WHY, "--out", str(out)) == DONE
    monkeypatch.delenv("RINGFENCE_HASH_KEY")
    key = Path(settings.store.removeprefix("sqlite:///") + ".key")
    key.write_text(HASH_KEY)
    key.chmod(0o600)
    verify = ["audit", "verify", "--casebook", settings.casebook]
    assert main(verify) == UNUSABLE, "nobody is called a forger where there is no key to tell"
    assert "give --store" in capsys.readouterr().err
    assert main([*verify, "--store", settings.store]) == DONE
    assert figures(capsys)["erased"] != 0
