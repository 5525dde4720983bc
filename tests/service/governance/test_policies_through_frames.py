"""What a policy file would have decided is the same whatever becomes of the frame that it is read through."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from pathlib import Path

import pytest

from graph.frame.location import folder_of
from graph.model.types import Facts
from investigations.dry_run import DryRun, dry_run
from service.assessment.context import AppContext
from service.assessment.repeats.policy_dry_run import by_policy_file
from service.assessment.repeats.reading import views_of_many
from service.settings import NO_FRAME
from tests.service.governance.test_policies import STRICT_FACES, asked, policy
from tests.support.small_service import service
from tests.support.small_worlds import applies, day, uses


@pytest.fixture
def context(tmp_path: Path) -> Iterator[AppContext]:
    with closing(service(tmp_path)) as context:
        asked(context, "before")
        yield context


def decided(context: AppContext, frame: Path | str) -> DryRun:
    """What the command finds with the frames of that place."""
    settings = dataclasses.replace(context.settings, frame=str(frame))
    rows = list(context.casebook.between(day(0), day(90)))
    with views_of_many(context.store, settings) as views:
        files = context.policies.files
        return dry_run(rows, by_policy_file(views.at, context.policy, files, policy(STRICT_FACES, "L1")))


def test_a_dry_run_is_the_stores_with_no_frame_a_new_one_and_one_behind(
    context: AppContext, tmp_path: Path
) -> None:
    frames = tmp_path / "frames"
    expected = decided(context, NO_FRAME)
    assert expected.changes, "the file changes something"
    for _ in range(2):  # made, then there
        assert decided(context, frames) == expected
    context.store.add(Facts(applications=(applies("late", 1, uses("phone", "1")),)))
    assert decided(context, frames) == decided(context, NO_FRAME)


def test_a_dry_run_is_the_stores_where_the_frame_is_damaged_or_cannot_be(
    context: AppContext, tmp_path: Path
) -> None:
    frames, taken = tmp_path / "frames", tmp_path / "a file"
    taken.write_text("no folder", "utf-8")
    expected = decided(context, frames)
    kept = folder_of(context.store, frames)

    def files() -> list[Path]:  # a frame that is made anew has others
        return sorted(one for one in kept.rglob("*") if one.is_file())

    for number in range(len(files())):
        for part in (0.0, 0.5):
            file = files()[number]
            whole = file.read_bytes()
            file.write_bytes(whole[: int(len(whole) * part)])
            assert decided(context, frames) == expected, (file.name, part)
    assert decided(context, taken / "in it") == expected


def test_two_dry_runs_at_once_fill_one_frame_and_find_the_same(context: AppContext, tmp_path: Path) -> None:
    with ThreadPoolExecutor(2) as pool:
        found = list(pool.map(lambda _: decided(context, tmp_path / "frames"), range(4)))
    assert found == [decided(context, NO_FRAME)] * 4
