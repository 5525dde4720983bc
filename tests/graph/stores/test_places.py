"""A surrogate stands where the old name stood, however little room lenders' ids leave."""

from __future__ import annotations

import random
import re

import pytest

from graph.model.erasure import is_surrogate, masked_tail
from graph.store.places import Forgotten, placed
from graph.store.standing import Few
from tests.support.contracts.short_ids import SHORT_IDS

_SHOWN = 2  # characters of an id that a mask shows
_RANDOM = re.compile("~[a-z2-7]{20}~")
_RUN = re.compile("[0-9A-Za-z]+")


@pytest.mark.parametrize("of_others", [False, True])
@pytest.mark.parametrize("form", SHORT_IDS)
@pytest.mark.parametrize("seed", range(5))
def test_short_ids_keep_their_order_and_no_surrogate_tells_one(form: str, of_others: bool, seed: int) -> None:
    rng = random.Random(f"{form} {seed}")
    names = sorted(SHORT_IDS[form](rng, rng.choice((9, 30, 90))))
    gone = sorted(rng.sample(names, max(1, int(len(names) * rng.choice((0.1, 0.3, 0.5))))))
    events = {f"{n}" for n in rng.sample(range(100), 30)} if of_others else set()
    forgotten = Forgotten(frozenset({*gone, *events}), frozenset(gone))
    now = {name: name for name in names}
    for name in gone:
        now[name] = placed(name, Few(now.values(), name), _SHOWN, forgotten)
    assert sorted(now.values()) == [now[name] for name in names]
    assert all(is_surrogate(now[name]) for name in gone)
    assert [now[name].rpartition("~")[2] for name in gone] == [masked_tail(name, _SHOWN) for name in gone]
    living = {run for name in names if name not in gone for run in (name, *_RUN.findall(name))}
    for name in gone:
        begins = " ".join(_RANDOM.split(now[name])[:-1])
        assert not {name for name in gone if name in _RUN.findall(begins)} - living
        assert name not in begins


def test_where_every_name_between_would_tell_the_old_one_the_order_yields_by_a_place() -> None:
    others = ("!!", "5", "7")
    new = placed("!", Few(others, "!"), _SHOWN, Forgotten(frozenset({"!"}), frozenset({"!"})))
    assert is_surrogate(new)
    assert not new.startswith("!~")
    assert sorted((*others, new))[1] == new


@pytest.mark.parametrize("form", ["{}", "C{}", "loan {}", "{:06d}", "@L2/{}", "王{}", "{}号", "A-{}-x"])
@pytest.mark.parametrize("gap", [3, 7])
def test_ids_that_are_numbered_keep_their_order_when_many_are_erased(form: str, gap: int) -> None:
    rng = random.Random(form)
    names = [form.format(n * gap) for n in range(120)]
    gone = rng.sample(names, 40)
    figures = {str(n) for n in rng.sample(range(100), 50)} - {*names}  # events of theirs
    forgotten = Forgotten(frozenset({*gone, *figures}), frozenset(gone))
    now = {name: name for name in names}
    for name in gone:
        now[name] = placed(name, Few(now.values(), name), 2, forgotten)
        assert is_surrogate(now[name])
    assert sorted(now.values()) == [now[name] for name in sorted(names)]
    assert not [name for name in gone if name in now[name].partition("~")[0]]
    assert not {part for name in gone for part in now[name].split("~")[:-1]} & {*gone}
