"""A machine whose settings would have it answer otherwise than the others says so, or does not start."""

from __future__ import annotations

import logging
from contextlib import closing
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest

from graph.model.errors import SettingError
from investigations.casebook import Casebook
from service.jobs.machine_terms import MachineTerms
from service.jobs.machines import Machines, others_now
from service.opening import open_casebook
from service.wiring import wire
from tests.support.casebooks import NOW
from tests.support.small_service import PlainModel, settings_in
from tests.support.stores import HASH_KEY

OTHER = HASH_KEY[::-1]


def terms(folder: Path, model: str = "1", **changes: Any) -> MachineTerms:
    folder.mkdir(exist_ok=True)
    with closing(wire(settings_in(folder, **changes), scorer=PlainModel(version=model))) as context:
        return MachineTerms.of(context)


def machine(casebook: Casebook, folder: Path, of: MachineTerms | None) -> Machines:
    folder.mkdir(exist_ok=True)
    return Machines(casebook, folder, lambda: NOW, of)


def test_machines_of_other_places_and_the_same_settings_have_nothing_apart(tmp_path: Path) -> None:
    here = terms(tmp_path / "a", port=8001, workers=1, self_check=0.5)
    there = terms(tmp_path / "b", port=8002, workers=4, frame="none", casebook_sync="full")
    assert here.otherwise([there]) == ()
    here.refuse_apart([there])


@pytest.mark.parametrize(
    "otherwise",
    [
        {"timezone": "UTC"},
        {"review_probability": 0.3},
        {"idempotency_hours": 1},
        {"rate_limit": 5.0},
        {"session_hours": 1},
        {"second_eyes_above": 1.0},
        {"api_keys": f"engine:{OTHER}@*"},
    ],
)
def test_a_setting_that_makes_answers_differ_is_named(tmp_path: Path, otherwise: dict[str, Any]) -> None:
    here, there = terms(tmp_path / "a"), terms(tmp_path / "b", **otherwise)
    assert here.otherwise([there]) == there.otherwise([here]) == tuple(otherwise)


def test_another_model_is_named(tmp_path: Path) -> None:
    assert terms(tmp_path / "a").otherwise([terms(tmp_path / "b", model="2")]) == ("model",)


@pytest.mark.parametrize(
    ("ours", "theirs"),
    [
        (HASH_KEY, OTHER),
        (f"k1:{HASH_KEY}", f"k2:{HASH_KEY}"),  # the name is part of a pseudonym
        (f"k2:{OTHER},k1:{HASH_KEY}", f"k1:{HASH_KEY}"),  # they would not know what comes under the new one
        (f"k2:{OTHER},k1:{HASH_KEY}", f"k2:{OTHER},k1:{OTHER}0"),
    ],
)
def test_a_machine_that_would_not_link_what_others_store_does_not_start(
    tmp_path: Path, ours: str, theirs: str
) -> None:
    here, there = terms(tmp_path / "a", hash_key=ours), terms(tmp_path / "b", hash_key=theirs)
    for one, another in ((here, there), (there, here)):
        with pytest.raises(SettingError, match="RINGFENCE_HASH_KEY: a machine that serves"):
            one.refuse_apart([another])


def test_another_hash_algorithm_or_time_zone_does_not_start_beside_others(tmp_path: Path) -> None:
    here = terms(tmp_path / "a")
    for name, change in (("HASH_KEY", {"hash_algorithm": "sm3"}), ("TIMEZONE", {"timezone": "UTC"})):
        with pytest.raises(SettingError, match=f"RINGFENCE_{name}: "):
            terms(tmp_path / name, **change).refuse_apart([here])


def test_a_hash_key_is_rotated_machine_by_machine(tmp_path: Path) -> None:
    old, new = f"k1:{HASH_KEY}", f"k2:{OTHER}"
    steps = [
        terms(tmp_path / str(n), hash_key=keys)
        for n, keys in enumerate((old, f"{old},{new}", f"{new},{old}"))
    ]
    for before, after in pairwise(steps):
        after.refuse_apart([before, after])
        assert after.otherwise([before]) == ()


def test_terms_are_read_as_they_were_said_and_hold_no_key(tmp_path: Path) -> None:
    said = terms(tmp_path, hash_key=HASH_KEY, api_keys=f"engine:{OTHER}@*")
    assert MachineTerms.read(str(said)) == said
    assert not [secret for secret in (HASH_KEY, OTHER) if secret in str(said)]


@pytest.mark.parametrize("text", ["", "{}", "[]", "null", '{"settings": 1, "keys": [1]}', "{"])
def test_a_machine_of_an_older_release_that_says_no_settings_stops_nobody(text: str) -> None:
    assert MachineTerms.read(text) is None


def test_who_serves_beside_a_machine_of_other_settings_says_so_until_it_is_over(
    casebook_url: str, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.INFO, "ringfence.machines")
    here, there = terms(tmp_path / "a"), terms(tmp_path / "b", timeout_ms=7.0, approve_ceiling=0.5)

    def said(words: str) -> list[str]:
        return [line for line in caplog.messages if words in line]

    with closing(open_casebook(casebook_url)) as casebook:
        one, other = machine(casebook, tmp_path / "1", here), machine(casebook, tmp_path / "2", there)
        silent = machine(casebook, tmp_path / "3", None)
        for each in (one, silent, other, one, one):
            each.step()
        (line, _) = said("other settings")  # of each
        assert line.endswith("approve_ceiling, timeout_ms")
        assert sorted(map(str, others_now(casebook, NOW))) == sorted(map(str, (here, there)))
        assert one.count == 3
        other.leave()
        one.step()
        assert len(said("the same settings again")) == 1
