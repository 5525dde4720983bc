"""Night and weekend are those of the borrowers' country, which the settings name, over one moment and over
columns alike.
"""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from graph.facts.local_time import at_night, night, nights, offsets, on_weekend, weekend, year
from graph.model.moments import micros
from graph.model.types import Facts
from graph.rings.suspicion.member_features import member_features
from graph.store.evidence import Subject
from service.opening import open_store as wired_store
from tests.support.oracles.by_views import seen
from tests.support.small_worlds import PLATFORMS, applies
from tests.support.stores import sqlite_only

MOMENTS = st.integers(0, 60 * 365 * 24 * 4).map(
    lambda quarter: datetime(1990, 1, 1, tzinfo=UTC) + timedelta(minutes=15 * quarter, seconds=quarter % 900)
)


def test_ten_in_the_evening_in_shanghai_is_night_there_and_afternoon_in_london():
    evening = datetime(2026, 1, 9, 14, tzinfo=UTC)  # a Friday
    assert at_night(evening, "Asia/Shanghai")
    assert not at_night(evening, "Europe/London")
    assert not on_weekend(evening, "Asia/Shanghai")
    assert on_weekend(evening + timedelta(hours=2), "Asia/Shanghai")


@pytest.mark.parametrize("zone", ["Asia/Shanghai", "Asia/Jakarta", "America/New_York", "Asia/Kathmandu"])
@given(moments=st.lists(MOMENTS, min_size=1, max_size=20))
def test_columns_say_of_every_moment_what_it_says_alone(zone, moments):
    column = np.array([micros(one) for one in moments], dtype=np.int64)
    assert nights(column, zone).tolist() == [at_night(one, zone) for one in moments]


@pytest.mark.parametrize(
    "zone", ["Asia/Shanghai", "America/New_York", "Africa/Casablanca", "Australia/Lord_Howe", "UTC"]
)
def test_a_table_of_clocks_says_of_every_moment_what_the_zone_says(zone):
    clocks = offsets(zone)
    changes = [int(at) // 1_000_000 for at in clocks[0, 1:]]
    spread = range(-2_208_988_800 + 86_400, 7_258_118_400, 86_400 * 61 + 12_345)
    moments = [datetime.fromtimestamp(second, UTC) for at in (*changes, *spread) for second in (at - 1, at)]
    assert [night(micros(one), clocks) for one in moments] == [at_night(one, zone) for one in moments]
    assert [weekend(micros(one), clocks) for one in moments] == [on_weekend(one, zone) for one in moments]


@settings(deadline=None)  # the first call compiles
@given(st.datetimes(timezones=st.just(UTC)))
def test_the_year_of_a_moment_is_the_calendars(moment):
    assert year(micros(moment)) == moment.year
    for edge in (
        datetime(moment.year, 1, 1, tzinfo=UTC),
        datetime(moment.year, 12, 31, 23, 59, 59, 999_999, tzinfo=UTC),
        datetime(moment.year, 3, 1, tzinfo=UTC),
    ):
        assert year(micros(edge)) == moment.year


@sqlite_only
@pytest.mark.parametrize(("zone", "share"), [("Asia/Shanghai", 1.0), ("Europe/London", 0.0)])
def test_a_store_is_read_by_the_clocks_of_its_country(tmp_path, zone, share):
    evening = applies("ann", 9 + 14.5 / 24)
    with wired_store(f"sqlite:///{tmp_path}/s.db", zone=zone) as store:
        store.add(Facts(platforms=PLATFORMS, applications=(evening,)))
        view = store.view(evening.applied_at + timedelta(days=1))
        assert member_features(view.tables()).column("night").tolist() == [share]
        assert seen(view.evidence_of(Subject(applicant_id="ann"))).signals["night_share"] == share
