"""scripts/load_records.py: one line of figures at the end, one clear line when it cannot, and no harm when it
is killed.
"""

from __future__ import annotations

import json
import multiprocessing
import os
import random
import signal
import stat
import time
from pathlib import Path

import fsspec
import pytest

from graph.stores.sqlite import SqliteStore
from scripts.load_records import main
from service.opening import known_keys
from service.settings import Settings
from tests.support.contracts.erasure_contract import erased
from tests.support.deliveries import APPLICATION, NOW, deliver, load_into


@pytest.fixture(autouse=True)
def nowhere(tmp_path, monkeypatch):
    """Settings of the machine do not count, and what is written by default falls into the test's own
    folder.
    """
    for name in [name for name in os.environ if name.startswith("RINGFENCE_")]:
        monkeypatch.delenv(name)
    monkeypatch.chdir(tmp_path)
    return tmp_path


def test_the_last_line_holds_the_figures_and_says_where_the_report_is(tmp_path, capsys):
    folder = deliver(tmp_path / "delivery", applications=[APPLICATION, {**APPLICATION, "application_id": ""}])
    assert main([str(folder), "--store", "sqlite:///graph.db"]) == 0
    figures = json.loads(capsys.readouterr().out.splitlines()[-1])
    assert (figures["read"], figures["accepted"], figures["known"], figures["rejected"]) == (3, 2, 0, 1)
    assert figures["seconds"] > 0
    assert json.loads(Path(figures["report"]).read_text())["read"] == 3
    assert json.loads(Path(figures["rejects_file"]).read_text())["code"] == "missing"
    assert main([str(folder), "--store", "sqlite:///graph.db"]) == 0
    assert json.loads(capsys.readouterr().out.splitlines()[-1])["known"] == 2


def test_a_delivery_at_an_address_reports_under_its_name(tmp_path, capsys):
    folder = deliver(tmp_path / "delivery", applications=[APPLICATION])
    storage = fsspec.filesystem("memory")
    storage.put(str(folder), "/bucket/week", recursive=True)
    assert main(["memory://bucket/week", "--store", "sqlite:///graph.db"]) == 0
    storage.rm("/bucket", recursive=True)
    figures = json.loads(capsys.readouterr().out.splitlines()[-1])
    assert (figures["delivery"], figures["accepted"]) == ("week", 2)
    assert Path(figures["report"]).parent.name.startswith("week-")


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        (["nowhere", "--store", "sqlite:///graph.db"], "not a folder"),
        (["delivery", "--store", "sqlite:///graph.db", "--mapping", "none.yaml"], "none.yaml"),
        (["delivery", "--store", "mysql://host/db"], "sqlite:///"),
        (["delivery", "--store", "sqlite:///graph.db", "--now", "soon"], "soon"),
        (
            ["delivery", "--store", "sqlite:///graph.db", "--report", "delivery/applications.csv"],
            "names a file",
        ),
        (["delivery", "--store", "sqlite:///graph.db", "--report", "report.json"], "names a file"),
    ],
)
def test_what_cannot_be_used_ends_with_status_2_and_one_line_and_writes_nothing(
    tmp_path, capsys, arguments, says
):
    deliver(tmp_path / "delivery", applications=[APPLICATION])
    assert main(arguments) == 2
    out, err = capsys.readouterr()
    assert out == ""
    assert says in err
    assert len(err.splitlines()) == 1
    assert not (tmp_path / "graph.db").exists()


def test_a_broken_table_beside_good_ones_leaves_the_store_as_it_was(tmp_path, capsys):
    folder = deliver(tmp_path / "delivery", applications=[APPLICATION])
    (folder / "labels.csv").write_text("label\nfraud\n")
    assert main([str(folder), "--store", "sqlite:///graph.db"]) == 2
    assert not list(tmp_path.glob("graph.db*"))
    assert "known_at" in capsys.readouterr().err


def test_later_than_the_loads_clock_is_the_future(tmp_path, capsys):
    folder = deliver(tmp_path / "delivery", applications=[APPLICATION])
    assert main([str(folder), "--store", "sqlite:///graph.db", "--now", "2025-06-01T09:59:59"]) == 0
    assert json.loads(capsys.readouterr().out)["rejects"] == {"applications": {"in_the_future": 1}}


def test_a_delivery_with_a_rejected_table_has_a_status_and_a_sentence_of_its_own(tmp_path, capsys, caplog):
    labels = [
        {"application_id": "A1", "label": "fraud", "known_at": "soon"},
        {"application_id": "A1", "label": "fraud", "known_at": ""},
    ]
    folder = deliver(tmp_path / "delivery", applications=[APPLICATION], labels=labels)
    again = [str(folder), "--store", "sqlite:///graph.db"]
    assert main(again) == 3
    figures = json.loads(capsys.readouterr().out)
    assert figures["wholly_rejected"] == ["labels (labels.csv)"]
    assert "nothing of labels (labels.csv) could be taken" in caplog.text
    with SqliteStore(tmp_path / "graph.db") as store:
        assert store.view(NOW).application("A1") is not None, "the other tables are loaded"
    labels[0]["known_at"] = "2025-07-01"
    deliver(folder, applications=[APPLICATION], labels=labels)
    assert main(again) == 0, "one row that could be taken makes it a table"
    deliver(folder, applications=[APPLICATION], labels=labels[1:])
    assert main(again) == 0, "a single bad row is a bad row"


def test_a_column_that_cannot_be_right_is_said_aloud_with_the_setting_that_helps(tmp_path, capsys, caplog):
    cards = [
        {
            **APPLICATION,
            "application_id": f"A{n}",
            "applicant_id": f"U{n}",
            "bank_card": f"62{n:02d}8320656743154",
        }
        for n in range(10, 60)
    ]
    folder = deliver(tmp_path / "delivery", applications=cards)
    assert main([str(folder), "--store", "sqlite:///graph.db"]) == 0
    (doubt,) = json.loads(capsys.readouterr().out)["doubtful_columns"]
    assert (doubt["column"], doubt["values"]) == ("bank_card", 50)
    assert "THIS CANNOT BE RIGHT: applications.bank_card" in caplog.text
    assert "`tokens: true`" in caplog.text


def test_a_store_with_facts_whose_key_is_gone_says_that_nothing_new_links_to_them(tmp_path, caplog):
    folder = deliver(tmp_path / "delivery", applications=[APPLICATION])
    again = [str(folder), "--store", "sqlite:///graph.db"]
    assert main(again) == 0
    assert "links to none" not in caplog.text
    (tmp_path / "graph.db.key").unlink()
    main(again)
    assert "links to none of them; put it back" in caplog.text


def test_without_a_key_the_embedded_store_makes_one_that_only_its_owner_reads(tmp_path, capsys, caplog):
    folder = deliver(tmp_path / "delivery", applications=[APPLICATION])
    main([str(folder), "--store", "sqlite:///graph.db"])
    key = tmp_path / "graph.db.key"
    assert stat.S_IMODE(key.stat().st_mode) == 0o600
    assert "made a key" in caplog.text + capsys.readouterr().err
    kept = key.read_text()
    main([str(folder), "--store", "sqlite:///graph.db"])
    assert key.read_text() == kept
    assert json.loads(capsys.readouterr().out)["known"] == 2


def test_another_key_than_the_stores_own_is_said_before_links_are_lost(tmp_path, capsys, caplog, monkeypatch):
    folder = deliver(tmp_path / "delivery", applications=[APPLICATION])
    main([str(folder), "--store", "sqlite:///graph.db"])
    own = (tmp_path / "graph.db.key").read_text().strip()
    caplog.clear()
    monkeypatch.setenv("RINGFENCE_HASH_KEY", f"k2:new secret,k1:{own}")
    main([str(folder), "--store", "sqlite:///graph.db"])
    assert "links with nothing new" not in caplog.text
    monkeypatch.setenv("RINGFENCE_HASH_KEY", "k2:new secret")
    main([str(folder), "--store", "sqlite:///graph.db"])
    assert "links with nothing new" in caplog.text
    assert own not in caplog.text


def test_a_key_of_the_settings_is_used_and_survives_its_rotation(tmp_path, capsys, monkeypatch):
    folder = deliver(tmp_path / "delivery", applications=[APPLICATION])
    secret = tmp_path / "secret"
    secret.touch(0o600)
    secret.write_text("first secret\n")
    monkeypatch.setenv("RINGFENCE_HASH_KEY_FILE", str(secret))
    main([str(folder), "--store", "sqlite:///graph.db"])
    assert not (tmp_path / "graph.db.key").exists()
    secret.write_text("k2:second secret\nk1:first secret\n")
    later = deliver(
        tmp_path / "later",
        applications=[{**APPLICATION, "application_id": "A2", "applicant_id": "U2", "bank_card": ""}],
    )
    for delivery in (folder, later):
        main([str(delivery), "--store", "sqlite:///graph.db"])
    assert [json.loads(line)["rejected"] for line in capsys.readouterr().out.splitlines()] == [0, 0, 0]
    with SqliteStore(tmp_path / "graph.db") as store:
        view = store.view(NOW)
        assert {m.identifier for m in view.application("A2").mentions} < {
            m.identifier for m in view.application("A1").mentions
        }


def _load_in_small_batches(folder: Path, path: Path, die_after: float) -> None:
    """Dies of SIGPROF, whose default action ends a process at once, as kill -9 does, but by its own clock: a
    busy machine changes nothing.
    """
    began = time.process_time()
    signal.setitimer(signal.ITIMER_PROF, die_after)
    with SqliteStore(path) as store:
        store.batch = 20
        load_into(store, folder, path.with_suffix(".report"))
    signal.setitimer(signal.ITIMER_PROF, 0)
    path.with_suffix(".seconds").write_text(str(time.process_time() - began))


def _contents(path: Path) -> tuple[object, ...]:
    with SqliteStore(path) as store:
        tables = store.view(NOW).tables()
        counts = store.counts()
    return (
        counts,
        tables.applications["application_id"].tolist(),
        tables.applications["at"].tolist(),
        tables.ties["since"].tolist(),
    )


@pytest.mark.parametrize("kills", [6, pytest.param(20, marks=pytest.mark.slow)])
def test_a_load_killed_at_any_point_and_started_again_ends_as_if_run_once(tmp_path, kills):
    rng = random.Random(20260105)
    phones = [f"150{n:08d}" for n in range(400)]
    rows = [
        {
            **APPLICATION,
            "application_id": f"A{n}",
            "applicant_id": f"U{n % 250}",
            "phone": rng.choice(phones),
            "applied_at": f"2025-06-{n % 18 + 10}",
        }
        for n in range(1200)
    ]
    folder = deliver(tmp_path / "delivery", applications=rows)
    context = multiprocessing.get_context("fork")
    whole = context.Process(target=_load_in_small_batches, args=(folder, tmp_path / "whole.db", 0.0))
    whole.start()
    whole.join()
    lasts = float((tmp_path / "whole.seconds").read_text())
    expected = _contents(tmp_path / "whole.db")
    cut_short = 0
    for n in range(kills):
        path = tmp_path / f"killed{n}.db"
        child = context.Process(
            target=_load_in_small_batches, args=(folder, path, rng.uniform(0.02, 0.98) * lasts)
        )
        child.start()
        child.join()
        cut_short += child.exitcode == -signal.SIGPROF
        with SqliteStore(path) as store:
            report = load_into(store, folder, tmp_path / "again")
        tally = report.tables["applications"]
        assert (tally.read, tally.rejected, tally.accepted + tally.known) == (1200, 0, 1200)
        assert _contents(path) == expected
    assert cut_short >= kills / 2


def test_a_kind_of_event_that_nobody_knows_is_said_unless_it_carries_identifiers(tmp_path, caplog):
    events = [
        {"kind": kind, "at": "2025-06-01", "applicant_id": "U1"} for kind in ("trasfer", "login", "transfer")
    ]
    folder = deliver(tmp_path / "delivery", applications=[APPLICATION], events=events)
    assert (
        main([str(folder), "--store", f"sqlite:///{tmp_path}/graph.db", "--report", str(tmp_path / "report")])
        == 0
    )
    (stated,) = [record.message for record in caplog.records if "mean nothing to a signal" in record.message]
    assert "trasfer" in stated
    assert "login" not in stated


def test_a_check_and_a_load_by_the_command_leave_out_who_was_erased(tmp_path, capsys):
    folder = deliver(
        tmp_path / "old",
        applications=[APPLICATION, {**APPLICATION, "application_id": "A2", "applicant_id": "U2"}],
    )
    given = [str(folder), "--store", "sqlite:///graph.db"]
    assert main(given) == 0
    with SqliteStore(tmp_path / "graph.db") as store:
        store.refusal.open_with(known_keys(Settings(store="sqlite:///graph.db")))
        erased(store, "U1")
    for arguments in ([*given, "--check"], given):
        capsys.readouterr()
        assert main(arguments) == 0
        figures = json.loads(capsys.readouterr().out.splitlines()[-1])
        assert figures["rejects"]["applications"] == {"erased": 1}
    (tmp_path / "graph.db.key").unlink()
    assert main(given) == 2
    assert "RINGFENCE_HASH_KEY" in capsys.readouterr().err
