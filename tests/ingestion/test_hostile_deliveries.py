"""A delivery is hostile until it is read: bombs end clearly in little memory, links lead nowhere, messages
show nothing that they should not.
"""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from graph import private
from graph.model.errors import DeliveryError
from ingestion.loading.delivery import open_delivery
from ingestion.loading.load import load
from ingestion.sources.limits import DeliveryLimits
from scripts.tools.bombs import BOMBS, REFUSED
from tests.support.deliveries import (
    APPLICATION,
    deliver,
    load_into,
    parse_context,
    rejects,
    write_csv,
    write_jsonl,
    write_parquet,
)
from tests.support.stores import open_store

ROOT = Path(__file__).parents[2]
ABOVE_NORMAL = 500  # MB
PHONE = "15073157065"
LENGTHY = {
    "columns_that_take_no_place",
    "attributes_that_take_no_place",
    "json_of_empty_lists",
    "one_column_as_1900_attributes",
    "texts_of_no_bytes",
    "numbers_of_no_bytes",
    "columns_of_empty_cells",
}
# One process that has everything imported, and a child of its own for each delivery.
_LOADER = """
import json, os, resource, sys
from pathlib import Path
from graph.model.errors import DeliveryError
from tests.support.deliveries import load_into
from tests.support.stores import open_store
resource.setrlimit(resource.RLIMIT_AS, (6 << 30, 6 << 30))


def load(folder):
    said = ""
    with open_store(folder.parent / "graph.db") as store:
        try:
            load_into(store, folder)
        except DeliveryError as error:
            said = str(error)
    most = int(Path("/proc/self/status").read_text().split("VmHWM:")[1].split()[0]) >> 10
    print(json.dumps({"said": said, "mb": most}), flush=True)


for line in sys.stdin:
    if child := os.fork():
        _, status = os.waitpid(child, 0)
        if status:
            print(json.dumps({"said": f"it ended with {status}", "mb": 0}), flush=True)
    else:
        try:
            load(Path(line.strip()))
        except BaseException as error:
            print(repr(error)[:2_000], file=sys.stderr)
            os._exit(1)
        os._exit(0)
"""


@dataclass(frozen=True, slots=True)
class Loader:
    """Loads deliveries, each in a process of its own."""

    process: subprocess.Popen[str]

    def load(self, folder: Path) -> tuple[str, int]:
        """What the refusal says (nothing where there is none), and the most memory in MB that it took."""
        assert self.process.stdin is not None
        assert self.process.stdout is not None
        self.process.stdin.write(f"{folder}\n")
        self.process.stdin.flush()
        result = json.loads(self.process.stdout.readline())
        return result["said"], result["mb"]


@pytest.fixture(scope="module")
def loader() -> Iterator[Loader]:
    """It is there for all bombs."""
    with subprocess.Popen(
        [sys.executable, "-c", _LOADER], cwd=ROOT, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as process:
        yield Loader(process)
        assert process.stdin is not None
        process.stdin.close()


@pytest.fixture(scope="module")
def normal(loader: Loader, tmp_path_factory: pytest.TempPathFactory) -> int:
    """MB that a load of a few rows takes."""
    stated, mb = loader.load(
        deliver(tmp_path_factory.mktemp("normal") / "delivery", applications=[APPLICATION])
    )
    assert stated == ""
    return mb


def bombs() -> list[object]:
    """Each kind of bomb; those that take seconds to be read to their end are slow."""
    return [
        pytest.param(make, id=make.__name__, marks=[pytest.mark.slow] * (make.__name__ in LENGTHY))
        for make in BOMBS
    ]


@pytest.mark.parametrize("make", bombs())
def test_a_bomb_ends_clearly_in_little_memory(tmp_path, loader, normal, make):
    folder = deliver(tmp_path / "delivery")
    make(folder)
    ending, says = BOMBS[make]
    stated, mb = loader.load(folder)
    assert mb < normal + ABOVE_NORMAL
    if ending == REFUSED:
        assert says in stated
        assert len(stated.splitlines()) == 1
    else:
        assert stated == ""
        bad = rejects(folder)
        assert {line["code"] for line in bad} == set(says.split())
        assert all(len(json.dumps(line)) < 4_000 for line in bad)


def test_a_line_that_is_too_long_costs_itself_and_the_others_keep_their_numbers(tmp_path):
    folder = deliver(
        tmp_path / "delivery",
        applications=[APPLICATION, {**APPLICATION, "city": "x" * 3_000}, {**APPLICATION, "amount": "-1"}],
    )
    with open_store(tmp_path / "graph.db") as store:
        delivery = open_delivery(folder, limits=DeliveryLimits(row_bytes=1_000))
        load(delivery, store, parse_context(), report_to=tmp_path / "report")
    assert [(line["line"], line["code"]) for line in rejects(folder)] == [
        (3, "row_too_long"),
        (4, "negative"),
    ]


def test_json_of_great_depth_or_length_of_numbers_costs_its_row(tmp_path):
    folder = deliver(tmp_path / "delivery")
    rows = [
        APPLICATION,
        {**APPLICATION, "application_id": "A2", "odd": 0},
        {**APPLICATION, "application_id": 0},
        {**APPLICATION, "application_id": 1},
    ]
    write_jsonl(folder / "applications.jsonl", rows)
    deep, long = "[" * 400 + "]" * 400, "7" * 5_000
    text = (folder / "applications.jsonl").read_text()
    text = text.replace('"odd": 0', f'"odd": {deep}').replace(
        '"application_id": 0', f'"application_id": {long}.0'
    )
    (folder / "applications.jsonl").write_text(
        text.replace('"application_id": 1,', f'"application_id": {long},')
    )
    with open_store(tmp_path / "graph.db") as store:
        assert load_into(store, folder).as_json()["accepted"] == 2
    assert [(line["line"], line["code"]) for line in rejects(folder)] == [
        (2, "unreadable_row"),
        (3, "too_long"),
        (4, "unreadable_row"),
    ]


@pytest.mark.parametrize(
    "plant",
    [
        lambda d, secret: (d / "labels.csv").symlink_to(secret),
        lambda d, secret: (d / "labels.parquet").symlink_to(secret.parent),
        lambda d, secret: ((d / "labels").mkdir(), (d / "labels" / "part-0.csv").symlink_to(secret)),
        lambda d, secret: (
            (d / "labels").mkdir(),
            (d / "labels" / "dt=2026-01-01").symlink_to(secret.parent),
        ),
        lambda d, secret: (d / "mapping.yaml").symlink_to(secret),
    ],
    ids=["table", "folder", "part", "partition", "mapping"],
)
def test_a_link_in_a_delivery_is_refused_and_what_it_leads_to_is_not_told(tmp_path, plant):
    (tmp_path / "elsewhere").mkdir()
    secret = tmp_path / "elsewhere" / "secret.csv"
    secret.write_text("a_secret_word,application_id,label,known_at\n")
    folder = deliver(tmp_path / "delivery")
    plant(folder, secret)
    with pytest.raises(DeliveryError, match="link") as refused:
        open_delivery(folder)
    assert "a_secret_word" not in str(refused.value)


def test_links_planted_where_reports_go_are_replaced_and_never_written_through(tmp_path):
    folder, outside = deliver(tmp_path / "delivery", applications=[APPLICATION]), tmp_path / "outside"
    outside.write_text("mine")
    (tmp_path / "report").mkdir()
    for name in ("report.json", "rejects.jsonl"):
        (tmp_path / "report" / name).symlink_to(outside)
    with open_store(tmp_path / "graph.db") as store:
        load_into(store, folder)
    assert outside.read_text() == "mine"
    assert sorted(path.name for path in (tmp_path / "report").iterdir()) == ["rejects.jsonl", "report.json"]
    assert not any(path.is_symlink() for path in (tmp_path / "report").iterdir())


def test_a_new_file_takes_the_place_of_a_link_and_does_not_follow_it(tmp_path):
    (tmp_path / "outside").write_text("mine")
    (tmp_path / "page.html").symlink_to(tmp_path / "outside")
    with private.fresh(tmp_path / "page.html") as file:
        file.write(b"ours")
    assert (tmp_path / "outside").read_text() == "mine"
    assert (tmp_path / "page.html").read_bytes() == b"ours"
    assert not (tmp_path / "page.html").is_symlink()


def test_messages_and_reports_show_little_of_names_and_no_identifier(tmp_path):
    folder = deliver(
        tmp_path / "delivery", applications=[{**APPLICATION, f"call {PHONE}": "x", "y" * 250: "z"}]
    )
    write_csv(folder / f"notes {PHONE}.txt", [{"a": "b"}])
    with open_store(tmp_path / "graph.db") as store:
        load_into(store, folder)
    report = (tmp_path / "report" / "report.json").read_text()
    assert PHONE not in report
    assert "y" * 130 not in report
    (folder / "mapping.yaml").write_text(
        f"tables: [{{table: events, source: e.csv, columns: {{kind: {{column: [{PHONE}, {'x' * 5_000}]}}}}}}]"
    )
    with pytest.raises(DeliveryError, match="must be a text") as refused:
        open_delivery(folder)
    assert PHONE not in str(refused.value)
    assert len(str(refused.value)) < 1_000


@pytest.mark.parametrize(
    ("limits", "says"),
    [
        (DeliveryLimits(columns=5), "applications.csv has more than 5 columns: RINGFENCE_DELIVERY_COLUMNS"),
        (DeliveryLimits(file_rows=2), "applications.csv has more than 2 rows: RINGFENCE_DELIVERY_FILE_ROWS"),
        (
            DeliveryLimits(file_bytes=300),
            "applications.csv has more than 300 bytes when it is unpacked: RINGFENCE_DELIVERY_FILE_BYTES",
        ),
        (DeliveryLimits(parts=1), "delivery/ has more than 1 files and folders: RINGFENCE_DELIVERY_PARTS"),
    ],
)
def test_each_refusal_names_the_file_and_the_setting(tmp_path, limits, says):
    folder = deliver(tmp_path / "delivery", applications=[APPLICATION] * 3)
    with pytest.raises(DeliveryError, match=says):
        open_delivery(folder, limits=limits)


def test_a_few_bytes_that_repeat_a_row_without_end_are_refused_before_they_are_read(tmp_path):
    folder = deliver(tmp_path / "delivery")
    write_parquet(
        folder / "events.parquet",
        [{"kind": "login", "at": "2025-06-02T08:00:00+08:00", "applicant_id": "U1"}] * 3_000,
    )
    with pytest.raises(
        DeliveryError, match=r"events\.parquet has more than 2,000 rows: RINGFENCE_DELIVERY_FILE_ROWS"
    ):
        open_delivery(folder, limits=DeliveryLimits(file_rows=2_000))
