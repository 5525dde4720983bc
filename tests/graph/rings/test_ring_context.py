"""What surrounds an applicant in the ring search is exact, and the same in whatever order it is added up."""

import numpy as np

from graph.model.moments import DAY
from graph.rings.projected import in_this_process
from graph.rings.suspicion.columns import Features
from graph.rings.suspicion.link_features import OF_CUSTOMERS, arrivals, counted, mean_of_others
from tests.support.worlds.rings import AS_OF, both, crew, honest, town


def test_who_came_within_a_week_is_told_to_the_microsecond_among_many_values():
    rng = np.random.default_rng(5)
    value = np.sort(rng.integers(0, 40, 400)) + 30_000_000  # so many values: a float has no room for both
    since = 1_800_000_000_000_000 + rng.integers(0, 12, 400) * 3 * DAY + rng.integers(0, 2, 400) * DAY // 2
    since += rng.integers(-1, 2, 400)  # a microsecond before a week, at it, and after
    order = np.lexsort((since, value))
    value, since = value[order], since[order]
    near = (value[:, None] == value) & (np.abs(since[:, None] - since) <= 7 * DAY)
    assert arrivals(value, since).tolist() == (near.sum(axis=1) - 1).tolist()


def test_customers_of_a_shop_are_the_same_bits_in_whatever_order_they_are_added_up():
    rng = np.random.default_rng(6)
    values = rng.lognormal(size=(5000, len(OF_CUSTOMERS))).astype(np.float32)
    values[rng.random(values.shape) < 0.2] = np.nan
    x, known = counted(Features(OF_CUSTOMERS, values), OF_CUSTOMERS)
    forwards, backwards, halves = (
        np.add.reduce(some, axis=0)
        for some in (x, x[::-1], np.stack([x[::2].sum(axis=0), x[1::2].sum(axis=0)]))
    )
    assert forwards.tolist() == backwards.tolist() == halves.tolist()
    mean = mean_of_others(forwards[None], known.sum(axis=0)[None], OF_CUSTOMERS)
    assert np.allclose(mean.values[0], np.nanmean(values.astype(np.float64), axis=0), atol=1e-5)


def test_nobody_elses_customers_are_not_known():
    nobody = mean_of_others(np.zeros((1, 1)), np.zeros((1, 1)), ("face",))
    assert np.isnan(nobody.values).all()


def test_what_others_of_a_group_are_like_is_their_mean_and_spread_without_oneself(tmp_path):
    with town(tmp_path / "t.db", both(honest(), crew())) as store:
        projected = in_this_process(store.view(AS_OF).tables())
    everybody = np.arange(len(projected.applicants))
    group = projected.everybody.of(everybody, "coarse")["coarse"]
    known = projected.context().of(everybody)
    told = [name for name in known.names if f"group_{name}" in known.names]
    assert {"amount", "age", "links_device"} <= {*told}
    spread = 0
    for name in told:
        value = known.column(name).astype(np.float64)
        for who in everybody:
            others = value[(group == group[who]) & (everybody != who) & ~np.isnan(value)]
            mean = others.mean() if len(others) else np.nan
            assert np.isclose(known.column(f"group_{name}")[who], mean, rtol=1e-5, equal_nan=True)
            if f"spread_{name}" in known.names:
                wide = others.std() if len(others) > 1 else np.nan
                close = 1e-4 * np.abs(value[~np.isnan(value)]).max(initial=1.0)
                assert np.isclose(known.column(f"spread_{name}")[who], wide, atol=close, equal_nan=True)
                spread += wide > 0
    assert spread, "somebody's others differ"
