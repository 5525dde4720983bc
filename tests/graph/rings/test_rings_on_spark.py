"""Links and first cut on Spark are those of one machine, to the last bit, whatever the partitions."""

import dataclasses
import os
import re
import shutil
from functools import partial

import numpy as np
import pyarrow.parquet as pq
import pytest

from graph.facts.hubs import ALL_PAIRS, BATCH_GUARD
from graph.model.moments import DAY, micros
from graph.model.types import Facts
from graph.product import product_version
from graph.rings.applicants.columns import COLUMNS
from graph.rings.applicants.everybody import Everybody, Rows
from graph.rings.applicants.moved import Moved
from graph.rings.links.parts import first_cut
from graph.rings.links.projection import ApplicantLinks, project
from graph.rings.links.pull import suspect_links
from graph.rings.projected import Projected, in_this_process
from graph.rings.search import CONFIRMED, search
from graph.rings.sharing.incidence import Incidence
from graph.rings.sharing.rows import SharingRows
from graph.rings.suspicion import places
from graph.rings.suspicion.places import least_of
from graph.rings.suspicion.scores import LabelRates
from graph.rings.suspicion.suspect_features import suspects_nearby
from graph.rings.weekly.honest_impact import honest_impact
from graph.rings.weekly.snapshot import snapshot_of
from tests.support.ring_searches import of_everybody, same_groups
from tests.support.small_worlds import applies, day, fraud, random_facts, uses
from tests.support.worlds.rings import AS_OF, both, crew, half_known_crews, honest, town, with_known_frauds

pytestmark = pytest.mark.slow
pytest.importorskip("pyspark", reason="the extra `spark` is not installed")

from graph.rings.spark import components, context, facts, incidence, links, stages  # noqa: E402
from graph.rings.spark.engine import OnSpark  # noqa: E402
from graph.rings.spark.facts import CHECKS, digest_of, fact_tables  # noqa: E402
from graph.rings.spark.session import opened  # noqa: E402
from graph.rings.spark.stages import Stages  # noqa: E402

FRAME_OF_A_WINDOW = re.compile(r"specifiedwindowframe\((.+?)\)\)|frame: (.+?)\]")  # Spark's, and Sail's


@pytest.fixture(scope="module")
def session(tmp_path_factory):
    """On Spark, or at the address of Spark Connect (Sail) that CLUSTER says."""
    session = opened(os.environ.get("CLUSTER", "local[2]"), 1024, 2, tmp_path_factory.mktemp("own"))
    yield session
    session.stop()


@pytest.fixture(scope="module")
def tables(tmp_path_factory):
    with town(tmp_path_factory.mktemp("world") / "t.db", random_facts(3, people=200)) as store:
        return store.view(day(50)).tables()


def same(one: Projected, other: Projected) -> bool:
    everybody = np.arange(len(one.applicants))
    pairs = [tuple(coarse_of(side) for side in (one, other))]
    for kind, of in (
        (Incidence, [side.sharing.of(everybody) for side in (one, other)]),
        (ApplicantLinks, [side.links.among(everybody) for side in (one, other)]),
    ):
        pairs += [tuple(getattr(side, field.name) for side in of) for field in dataclasses.fields(kind)]
    return all(a.dtype == b.dtype and a.shape == b.shape and a.tobytes() == b.tobytes() for a, b in pairs)


def coarse_of(found: Projected) -> np.ndarray:
    """The group of the first cut of everybody."""
    return found.everybody.of(np.arange(len(found.applicants)), "coarse")["coarse"]


def same_rows(one: Projected, other: Projected) -> bool:
    a, b = (side.context().of(np.arange(len(side.applicants))) for side in (one, other))
    return a.names == b.names and a.values.tobytes() == b.values.tobytes()


@pytest.fixture(scope="module")
def kept(session, tables, tmp_path_factory):
    """The stages of one run, and what it gave."""
    folder = tmp_path_factory.mktemp("stages")
    found = OnSpark(session, f"file://{folder}").of_tables(tables)
    [stages] = folder.iterdir()
    return stages, found


def test_links_and_cut_are_those_of_one_machine_to_the_last_bit(tables, kept):
    assert same(in_this_process(tables), kept[1])


def test_what_surrounds_everybody_is_that_of_one_machine_to_the_last_bit(tables, kept):
    assert same_rows(in_this_process(tables), kept[1])


def test_what_applicants_did_by_themselves_is_that_of_one_machine_to_the_last_bit(tables, kept):
    alone, found = in_this_process(tables), kept[1]
    assert (alone.applicants.as_of, len(alone.everybody)) == (found.applicants.as_of, len(found.everybody))
    for some in (np.arange(len(alone.everybody)), np.arange(0, len(alone.everybody), 7), np.zeros(0, int)):
        one, other = (side.everybody.of(some, "coarse", *COLUMNS) for side in (alone, found))
        for name in ("coarse", *COLUMNS):
            assert one[name].dtype == other[name].dtype
            assert one[name].tobytes() == other[name].tobytes(), name


def test_who_some_are_and_their_facts_are_those_of_one_machine(tables, kept):
    one, other = in_this_process(tables).applicants, kept[1].applicants
    shuffled = np.random.default_rng(5).permutation(len(one))
    for some in (np.arange(0, len(one), 3), np.arange(len(one)), np.zeros(0, np.int64)):
        assert one.names(shuffled[some]).tolist() == other.names(shuffled[some]).tolist()
        assert one.latest(some).tolist() == other.latest(some).tolist()
        names = [*one.names(some).tolist(), "nobody", ""]
        assert one.places(names).tolist() == other.places(names).tolist()
        assert {who: name for rows in other.each_name(some) for who, name in zip(*rows)} == dict(
            zip(some, one.names(some))
        )
        assert facts_of(one, some) == facts_of(other, some)


def test_an_id_with_a_line_break_is_not_taken_for_two_ids(tables, kept):
    one, other = in_this_process(tables).applicants, kept[1].applicants
    for names in (["p001\np002"], ["p001", "p002"]):
        assert one.places(names).tolist() == other.places(names).tolist()


def facts_of(applicants, some) -> list[object]:
    """The facts of some people as values, where they are in no order in any order."""
    facts = applicants.facts_of(some)
    asked, events = facts.applications, [facts.events[key].tolist() for key in EVENT_COLUMNS]
    kind = [int(facts.platforms["type"][lender]) for lender in asked["platform"].tolist()]
    return [
        facts.as_of, facts.zone, facts.applicant_ids.tolist(), kind,
        [asked[name].astype(str).tolist() for name in (*CHECKS, "city", "application_id", "agent", "at")],
        sorted(zip(*events)),
        *(rows_of(getattr(facts, table), keys) for table, keys in LOANS.items()),
    ]  # fmt: skip


def rows_of(table, keys) -> list[tuple[str, ...]]:
    return sorted(zip(*(table[key].astype(str).tolist() for key in keys)))


EVENT_COLUMNS = ("applicant", "counterparty", "at", "kind")
LOANS = {
    "outcomes": ("application", "status", "at", "amount"),
    "labels": ("applicant", "application", "fraud", "known_at", "by_person"),
}


def test_links_among_some_are_those_of_one_machine_to_the_last_bit(tables, kept):
    one, other = in_this_process(tables).links, kept[1].links
    assert len(one) == len(other)
    for some in (np.arange(0, len(tables.applicant_ids), 3), np.arange(3), np.zeros(0, np.int64)):
        of = [side.among(some) for side in (one, other)]
        for field in dataclasses.fields(ApplicantLinks):
            assert getattr(of[0], field.name).tobytes() == getattr(of[1], field.name).tobytes()
    assert len(one.among(np.arange(0, len(tables.applicant_ids), 3)))


def test_what_some_hold_and_who_came_when_are_those_of_one_machine(tables, kept):
    one, other = in_this_process(tables).sharing, kept[1].sharing
    for some in (np.arange(0, len(tables.applicant_ids), 3), np.arange(3), np.zeros(0, np.int64)):
        of = [side.of(some) for side in (one, other)]
        for name in ("kind", "holders", "start", "who", "role", "since", "last", "hub"):
            assert getattr(of[0], name).tobytes() == getattr(of[1], name).tobytes()
    assert same_arrivals(one, other, 6 * 60 * 60 * 10**6)
    assert same_arrivals(one, other, 20 * DAY)


def same_arrivals(one: SharingRows, other: SharingRows, within: int) -> bool:
    came = [side.arrivals(within) for side in (one, other)]
    names = ("who", "since", "kind", "value", "turn", "lent", "counter")
    alike = all(getattr(came[0], name).tolist() == getattr(came[1], name).tolist() for name in names)
    return alike and len(came[0].who) > 0


def test_what_links_say_of_suspects_is_that_of_one_machine_to_the_last_bit(tables, kept):
    size = len(tables.applicant_ids)
    suspicion, pairs = np.random.default_rng(1).random(size), Moved(np.arange(4, 44), np.arange(40) // 2)
    since = np.random.default_rng(2).integers(0, 10**13, size)
    sides = [
        (side.links, with_columns(side.everybody, suspicion=suspicion, since=since))
        for side in (in_this_process(tables), kept[1])
    ]
    for least in (0.7, 2.0):
        one, other = (by_position(suspects_nearby(*side, pairs, partial(at_least, least))) for side in sides)
        assert one == other
        assert len(one) == (suspicion >= least).sum()
    one, other = (suspect_links(*side) for side in sides)
    assert one[0].pull.tobytes() == other[0].pull.tobytes()
    assert one[1].tobytes() == other[1].tobytes()
    assert 0 < len(one[0].people) < size


def with_columns(everybody: Everybody, **columns: np.ndarray) -> Everybody:
    """Everybody with these columns of all."""
    who = np.arange(len(everybody), dtype=np.int32)
    return everybody.put(as_given, (), {"who": who, **columns})


def as_given(rows: Rows, given: Rows) -> Rows:
    return {name: column for name, column in given.items() if name != "who"}


def at_least(least: float, rows: Rows) -> np.ndarray:
    return rows["suspicion"] >= least


def by_position(pieces) -> dict[int, bytes]:
    return {who: row.tobytes() for people, of in pieces for who, row in zip(people.tolist(), of.values)}


def test_the_value_at_a_place_and_who_stands_at_places_are_those_of_one_machine(tables, kept, monkeypatch):
    """By counts, of values of which many are equal."""
    monkeypatch.setattr(places, "FEW", 10)
    size, drawn = len(tables.applicant_ids), np.random.default_rng(6)
    suspicion = np.where(
        drawn.random(size) < 0.5, np.nan, drawn.choice([-0.5, -0.0, 0.0, 0.25, 1e-300], size)
    )
    known = np.sort(suspicion[~np.isnan(suspicion)])
    for side in (in_this_process(tables), kept[1]):
        everybody = with_columns(side.everybody, suspicion=suspicion)
        for place in (0, len(known) // 2, len(known) - 1):
            found = least_of(everybody, ("suspicion",), suspicion_of, place)
            assert found == (known[place], (known < known[place]).sum())
        at = np.array([0, 3, 4, len(known) - 1])
        there = everybody.at_places(is_known, ("suspicion",), at)
        assert there.tolist() == np.flatnonzero(~np.isnan(suspicion))[at].tolist()


def suspicion_of(rows: Rows) -> np.ndarray:
    return rows["suspicion"]


def is_known(rows: Rows) -> np.ndarray:
    return ~np.isnan(rows["suspicion"])


def test_groups_measure_what_they_do_on_one_machine_to_the_last_bit(session, tables, tmp_path):
    found, alone = OnSpark(session, f"file://{tmp_path}", rows=200).of_tables(tables), in_this_process(tables)
    size, drawn = len(tables.applicant_ids), np.random.default_rng(4)
    suspicion, rates = drawn.random(size), LabelRates((0.3, 0.1), (0.2, 0.05), micros(day(20)))
    for group in (coarse_of(alone), drawn.integers(0, size // 5, size), np.arange(size)):
        columns = {"group": group.astype(np.int32), "size": np.bincount(group)[group].astype(np.int32)}
        one, other = (
            by_number(
                side.groups.measured(with_columns(side.everybody, suspicion=suspicion, **columns), rates)
            )
            for side in (alone, found)
        )
        assert one == other
        assert len(one) == (np.bincount(group) >= 3).sum()


def by_number(pieces) -> dict[int, list]:
    """Everything that is measured of each group, and of its members."""
    out = {}
    for piece in pieces:
        columns = [column for name, column in vars(piece).items() if name != "members"]
        end = np.cumsum(piece.size)
        for place, number in enumerate(piece.number.tolist()):
            members = piece.members.of(slice(end[place] - piece.size[place], end[place]))
            out[number] = [column[place].tolist() for column in columns]
            out[number] += [column.tolist() for column in vars(members).values()]
    return out


def test_values_held_by_very_many_change_no_bit(session, tables, tmp_path, monkeypatch):
    for module in (incidence, context):
        monkeypatch.setattr(module, "DAY_BY_DAY", 5)
    monkeypatch.setattr(incidence, "HEAVY", 8)
    session.conf.set("spark.sql.shuffle.partitions", "3")
    found, alone = OnSpark(session, f"file://{tmp_path}", rows=300).of_tables(tables), in_this_process(tables)
    assert same(alone, found)
    assert same_rows(alone, found)
    [stages] = tmp_path.iterdir()
    held = [pq.read_table(of_bucket).num_rows for of_bucket in (stages / "ties_of").glob("*/bucket=*")]
    assert len(held) > 1
    assert max(held) <= 2 * 300  # no task held much more than it was told to


def test_a_part_too_large_is_taken_apart_as_on_one_machine(session, tables, tmp_path):
    found = OnSpark(session, f"file://{tmp_path}", largest=40).of_tables(tables)
    alone = first_cut(len(tables.applicant_ids), project(tables), 40)
    assert coarse_of(found).tolist() == alone.tolist()
    assert alone.tolist() != coarse_of(in_this_process(tables)).tolist()


def test_the_rings_are_the_same_to_the_last_id(session, tmp_path):
    one, two = searched(session, tmp_path, with_known_frauds())
    assert len(one.flagged)
    assert one.known.totals.are_enough
    assert one.sharing.arrivals(30 * DAY).counter.any()
    assert same_arrivals(one.sharing, two.sharing, 30 * DAY)


def test_companions_of_known_frauds_are_in_the_same_rings_to_the_last_id(session, tmp_path):
    one, _ = searched(session, tmp_path, half_known_crews())
    assert len(np.setdiff1d(one.flagged_people, one.known.frauds))


def test_where_nobody_shares_anything_nobody_is_in_a_ring(session, tmp_path):
    alone = Facts(
        applications=(applies("ann", 1, uses("device", "d")), applies("bob", 3)), labels=(fraud("ann@1", 9),)
    )
    one, two = searched(session, tmp_path, alone)
    assert len(one.links) == len(two.links) == 0
    assert of_everybody(one, "suspicion")[0].max() == CONFIRMED


def test_without_labels_the_rings_beside_a_shops_tablet_are_the_same_to_the_last_id(session, tmp_path):
    one, two = searched(session, tmp_path, both(honest(customers=160), crew()))
    assert len(one.flagged)
    assert not one.known.totals.are_enough
    assert one.sharing.hubs() == two.sharing.hubs() > 0


def searched(session, tmp_path, world):
    """The same search on one machine and on Spark: equal to the last bit."""
    with town(tmp_path / "t.db", world) as store:
        view = store.view(AS_OF)
        one = search(in_this_process(view.tables()))
        two = search(OnSpark(session, f"file://{tmp_path}/stages", rows=500).of_view(view))
    assert same_groups(one, two)
    assert snapshot_of(one, "now", AS_OF) == snapshot_of(two, "now", AS_OF)
    assert honest_impact(one) == honest_impact(two)
    return one, two


def test_a_run_that_was_cut_off_goes_on_where_it_stopped(session, tables, kept, tmp_path):
    stages = shutil.copytree(kept[0], tmp_path / kept[0].name)
    early = {file: file.stat().st_mtime_ns for file in (stages / "pairs").rglob("*")}
    # it died while links were written, and the cut had not begun
    for later in ("links", "cut"):
        (stages / f"{later}.done").unlink()
    next((stages / "links").rglob("*.parquet")).unlink()
    shutil.rmtree(stages / "cut")
    assert same(in_this_process(tables), OnSpark(session, f"file://{tmp_path}").of_tables(tables))
    assert {file: file.stat().st_mtime_ns for file in (stages / "pairs").rglob("*")} == early


def test_features_go_on_where_they_stopped(session, tables, kept, tmp_path):
    assert same_rows(in_this_process(tables), kept[1])
    stages = shutil.copytree(kept[0], tmp_path / kept[0].name)
    early = {file: file.stat().st_mtime_ns for file in (stages / "around").rglob("*")}
    for later in (stages / "context.done", *stages.glob("picked_*.done")):
        later.unlink()
    next((stages / "context").rglob("*.parquet")).unlink()
    again = OnSpark(session, f"file://{stages.parent}").of_tables(tables)
    assert same_rows(in_this_process(tables), again)
    assert {file: file.stat().st_mtime_ns for file in (stages / "around").rglob("*")} == early


def test_where_there_is_nobody_nothing_is_asked_of_the_cluster(tmp_path):
    with town(tmp_path / "nobody.db", Facts()) as store:
        nobody = store.view(AS_OF).tables()
    found = OnSpark(None, f"file://{tmp_path}/stages").of_tables(nobody)
    assert len(found.everybody) == len(found.links) == 0


def test_where_nobody_is_read_by_ranges_there_is_no_ring(session, tmp_path):
    with town(tmp_path / "nobody.db", Facts()) as store:
        found = OnSpark(session, f"file://{tmp_path}/stages").of_view(store.view(AS_OF))
        assert len(found.everybody) == len(found.links) == 0


def test_facts_that_differ_have_stages_of_their_own(tables):
    ties = {name: column[:-1] for name, column in tables.ties.items()}
    fewer = dataclasses.replace(tables, ties=ties)
    assert digest_of(fact_tables(fewer)) != digest_of(fact_tables(tables))
    assert digest_of(fact_tables(tables)) == digest_of(fact_tables(dataclasses.replace(tables)))


def test_stages_of_an_older_version_are_not_found_again(session, tables, tmp_path, monkeypatch):
    with monkeypatch.context() as earlier:
        earlier.setattr(stages, "product_version", lambda: "0.1.0")
        OnSpark(session, f"file://{tmp_path}").of_tables(tables)
    [old] = tmp_path.iterdir()
    (old / "cut.done").unlink()  # whoever goes on with the old stages writes it again
    assert same(in_this_process(tables), OnSpark(session, f"file://{tmp_path}").of_tables(tables))
    assert not (old / "cut.done").exists()
    assert len(list(tmp_path.glob(f"rings-{product_version()}.*"))) == 1


def test_facts_are_written_a_slice_after_the_other(tables, monkeypatch):
    monkeypatch.setattr(facts, "ROWS", 40)
    for table in fact_tables(tables):
        held = list(table.slices())
        whole = table.of(slice(0, table.rows))
        assert len(held) == max(1, -(-table.rows // 40))
        for name, column in whole.items():
            assert np.concatenate([some[name] for some in held]).tobytes() == column.tobytes()


def test_no_step_pairs_everything_with_everything(kept, capsys):
    kept[1].context()
    read = kept[1].groups.stages.read  # Sail writes no folder where there are no rows
    pairs = links.pairs(read("placed"), read("hubs")).unionByName(links.direct(read("events")))
    held = incidence.holdings(read("ties"), read("applications"), read("bought"))
    inside = components.within(read("links"), read("parts_0"))
    sharing = read("held").join(read("sizes").select(*incidence.VALUE, "holders"), list(incidence.VALUE))
    around = (
        context.neighbours(context.ends(read("links")), read("home"), read("own")),
        context.values(sharing),
        context.customers(sharing, read("around")),
    )
    for step in (held, incidence.placed(read("held"), read("sizes")), pairs, inside, *around):
        step.explain()
    plans = capsys.readouterr().out
    assert plans.count("Physical Plan") == 7
    assert "HashJoin" in plans or "SortMergeJoin" in plans
    for everything_with_everything in ("CartesianProduct", "CrossJoin", "NestedLoopJoin"):
        assert everything_with_everything not in plans
    # a window with two ends that move is counted anew for each row
    frames = ["".join(ends) for ends in FRAME_OF_A_WINDOW.findall(plans)]
    assert frames
    assert all("unboundedpreceding" in frame.replace(" ", "").lower() for frame in frames)


def test_a_holder_is_paired_with_no_more_than_the_guard_allows(session, kept):
    placed, pairs = map(Stages(session, f"file://{kept[0]}", 1).read, ("placed", "pairs"))
    assert 0 < pairs.filter("sort < 9").count() <= (ALL_PAIRS - 1) * placed.count()
    assert placed.filter(f"sort = 0 and holders > {BATCH_GUARD}").count() == 0
