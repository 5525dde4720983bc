"""How the system is told to read a frame that is larger than memory."""

from __future__ import annotations

import io
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from graph.frame import frozen
from graph.frame.columns.layout import NAMES
from graph.frame.frame import Frame
from graph.frame.frozen import freeze, thawed
from graph.frame.views import view
from graph.stores.sqlite import SqliteStore
from tests.support.small_worlds import day, random_facts

MAPS = Path("/proc/self/smaps")
pytestmark = pytest.mark.skipif(not MAPS.exists(), reason="this system does not say how files are mapped")


@pytest.fixture
def frame(tmp_path: Path) -> Iterator[Frame]:
    with SqliteStore(tmp_path / "graph.db") as store:
        store.add(random_facts(5))
        frame = Frame.open(tmp_path / "graph.frame", store)
        assert frame.catch_up()
        yield frame
        frame.close()


def read_alone(folder: Path) -> set[bool]:
    """Of the arrays that are mapped from there: whether a page of them is read alone."""
    found, name = dict[str, bool](), ""
    for line in io.StringIO(MAPS.read_text()):
        if str(folder) in line:
            name = Path(line.split()[-1]).name.partition(".")[0]
        elif name and line.startswith("VmFlags:"):
            found[name], name = "rr" in line.split(), ""
    assert set(NAMES) <= set(found)
    return set(found.values())


def test_a_walk_waits_for_no_more_of_the_disk_than_it_needs(frame: Frame, tmp_path: Path) -> None:
    with frame.reading():
        assert read_alone(tmp_path / "graph.frame") == {True}
    freeze(frame, frame.revision, str(tmp_path / "copy"))
    copy = thawed(str(tmp_path / "copy"), frame.zone)
    with copy.reading():
        assert read_alone(tmp_path / "copy") == {True}


def test_who_reads_a_whole_frame_has_it_read_ahead(
    frame: Frame, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder, seen = tmp_path / "graph.frame", list[set[bool]]()

    def watched(asked: Callable[..., Any]) -> Callable[..., Any]:
        def wrapped(*given: Any, **named: Any) -> Any:
            seen.append(read_alone(folder))
            return asked(*given, **named)

        return wrapped

    for module, name in ((view, "read_tables"), (frozen, "used_rows")):
        monkeypatch.setattr(module, name, watched(getattr(module, name)))
    assert frame.view(day(60), frame.revision).tables().applicant_ids.size
    freeze(frame, frame.revision, str(tmp_path / "copy"))
    assert seen == [{False}, {False}]
    with frame.reading():
        assert read_alone(folder) == {True}
