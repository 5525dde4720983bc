"""What an analyst gets in a notebook is what the store, the files and the service say."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path

import nbformat
import networkx as nx
import pandas as pd
import pyarrow.csv as pa_csv
import pytest
from nbclient import NotebookClient

from graph.model.errors import NotFoundError, SettingError
from graph.stores.sqlite import SqliteStore
from scripts.detect_rings import main as detect
from scripts.score import main as score
from service.analysis import Graph, open_graph
from tests.support.small_worlds import applies, day, facts_of, uses

ROOT = Path(__file__).parents[2]
CREW = [f"A{n}" for n in range(5)]


@pytest.fixture
def store(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> str:
    """Five people who share a device and a phone, twenty who share nothing, and one who applies later than
    anybody looks.
    """
    monkeypatch.chdir(tmp_path)
    crew = [
        applies(who, 10 + n, uses("device", "shared"), uses("phone", "shared")) for n, who in enumerate(CREW)
    ]
    others = [applies(f"B{n}", 5 + n, uses("device", f"d{n}")) for n in range(20)]
    with SqliteStore(tmp_path / "graph.db") as opened:
        opened.add(facts_of(*crew, *others, applies("Z", 60, uses("device", "shared"))))
    url = f"sqlite:///{tmp_path}/graph.db"
    casebook = ["--casebook", f"sqlite:///{tmp_path}/book.db", "--new-casebook"]
    assert (
        detect(
            [
                "--store",
                url,
                *casebook,
                "--as-of",
                day(40).isoformat(),
                "--back-steps",
                "0",
                "--out",
                str(tmp_path / "rings"),
            ]
        )
        == 0
    )
    return url


def at(store: str, number: int) -> Graph:
    return open_graph(store, as_of=day(number))


def test_rings_and_members_are_those_of_the_reviews_files(store: str, tmp_path: Path) -> None:
    with at(store, 41) as graph:
        rings, members = graph.rings(), graph.members()
    written = pd.read_parquet(tmp_path / "rings" / "rings.parquet")
    assert rings.ring_id.tolist() == written.ring_id.tolist()
    assert rings.score.tolist() == written.score.tolist()
    pd.testing.assert_frame_equal(members, pd.read_parquet(tmp_path / "rings" / "members.parquet"))
    together = members[members.applicant_id == "A0"].ring_id.item()
    with at(store, 41) as graph:
        assert set(graph.members(together).applicant_id) == set(CREW)
        assert graph.changes().change.unique().tolist() == ["born"]


def test_before_a_review_there_are_no_rings_and_the_next_step_is_said(store: str) -> None:
    with at(store, 39) as graph, pytest.raises(SettingError, match="run `ringfence rings"):
        graph.rings()


def test_scores_are_those_of_the_command_whatever_the_file_is_called(store: str, tmp_path: Path) -> None:
    with at(store, 41) as graph:
        scores = graph.scores(day(1), day(41))
        with pytest.raises(SettingError, match="open it as of a later one"):
            graph.scores(day(1), day(61))
    period = [
        "--store",
        store,
        "--since",
        day(1).isoformat(),
        "--until",
        day(41).isoformat(),
        "--processes",
        "1",
    ]
    for name in ("scores.parquet", "scores.csv"):
        assert score([*period, "--out", str(tmp_path / name)]) == 0
    pd.testing.assert_frame_equal(scores, pd.read_parquet(tmp_path / "scores.parquet"))
    text = pa_csv.read_csv(tmp_path / "scores.csv").to_pylist()
    assert [row["application_id"] for row in text] == scores.application_id.tolist()
    assert [row["reason_codes"].split() for row in text] == [list(codes) for codes in scores.reason_codes]


def test_a_file_that_is_neither_parquet_nor_csv_is_refused_before_anything_is_scored(
    store: str, tmp_path: Path
) -> None:
    period = ["--store", store, "--since", day(1).isoformat(), "--until", day(41).isoformat()]
    assert score([*period, "--out", str(tmp_path / "scores.xlsx")]) == 2


def test_a_subgraph_holds_who_shares_what_and_nobody_who_came_later(store: str) -> None:
    with at(store, 41) as graph:
        around = graph.subgraph("applicant:A0")
        assert isinstance(around, nx.Graph)
        assert {f"applicant:{who}" for who in CREW} <= set(around)
        assert "applicant:Z" not in around
        assert {"device", "phone", "applicant"} == set(nx.get_node_attributes(around, "type").values())
        assert all(edge["since"] < day(41) for _, _, edge in around.edges(data=True))
        with pytest.raises(NotFoundError):
            graph.subgraph("applicant:Z")
    with at(store, 61) as graph:
        assert "applicant:Z" in graph.subgraph("applicant:A0")


def test_a_moment_that_has_not_come_is_refused(store: str) -> None:
    with pytest.raises(SettingError, match="future"):
        open_graph(store, as_of=day(0) + timedelta(days=365 * 900))


@pytest.mark.slow
def test_the_notebook_runs_from_its_first_cell_to_its_last(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("EXAMPLE_FOLDER", str(tmp_path))
    monkeypatch.setenv("MPLBACKEND", "module://matplotlib_inline.backend_inline")
    book = nbformat.read(ROOT / "examples" / "first_weekly_review.ipynb", as_version=4)
    NotebookClient(book, timeout=600, resources={"metadata": {"path": str(ROOT)}}).execute()
    shown = [output for cell in book.cells if cell.cell_type == "code" for output in cell.outputs]
    assert sum("image/png" in output.get("data", {}) for output in shown) == 2, "two plots"
    assert any("ring_id" in output.get("data", {}).get("text/html", "") for output in shown)
