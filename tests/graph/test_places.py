"""A surrogate stands where the old name stood, however little room lenders' ids leave."""

from __future__ import annotations

import random

import pytest

from graph.model.erasure import is_surrogate
from graph.store.places import Forgotten, placed


@pytest.mark.parametrize("form", ["{}", "C{}", "loan {}", "{:06d}", "@L2/{}", "王{}", "{}号", "A-{}-x"])
@pytest.mark.parametrize("gap", [3, 7])
def test_ids_that_are_numbered_keep_their_order_when_many_are_erased(form: str, gap: int) -> None:
    rng = random.Random(form)
    names = [form.format(n * gap) for n in range(120)]
    gone = rng.sample(names, 40)
    figures = {str(n) for n in rng.sample(range(100), 50)} - {*names}  # events of theirs
    forgotten = Forgotten(frozenset({*gone, *figures}))
    now = {name: name for name in names}
    for name in gone:
        now[name] = placed(name, list(now.values()), 2, forgotten)
        assert is_surrogate(now[name])
    assert sorted(now.values()) == [now[name] for name in sorted(names)]
    assert not [name for name in gone if name in now[name].partition("~")[0]]
    assert not {part for name in gone for part in now[name].split("~")[:-1]} & {*gone}
