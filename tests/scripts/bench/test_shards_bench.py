"""What the benches of a frame larger than memory count."""

from itertools import chain

import pytest

from graph.model.types import Facts
from graph.store.evidence import subject_of
from scripts.bench.frames.cold_frame import main, misses
from scripts.bench.frames.shards import asked_of, shard_of
from tests.support.small_worlds import applies, day, random_facts, uses
from tests.support.worlds.rings import town


def test_an_answer_from_shards_asks_for_everybody_around_once(tmp_path):
    with town(tmp_path / "t.db", random_facts(3, people=60)) as store:
        for application in list(store.view(day(400)).applications(day(0)))[-20:]:
            evidence = store.view(application.applied_at).evidence_of(subject_of(application))
            names = list(chain.from_iterable(asked_of(evidence).rounds))
            assert len(names) == len(set(names))
            assert set(names) >= set(evidence.graph) - {evidence.subject.node}


def test_what_lies_on_the_subjects_own_machine_is_asked_of_nobody(tmp_path):
    facts = Facts(applications=(applies("ann", 1, uses("phone", "p")), applies("bob", 2, uses("phone", "p"))))
    with town(tmp_path / "t.db", facts) as store:
        application = store.view(day(3)).application("bob@2")
        asked = asked_of(store.view(application.applied_at).evidence_of(subject_of(application)))
    home = shard_of("applicant:bob", 4)
    for names, asked_there in zip(asked.rounds, asked.by_shard(4), strict=True):
        assert home not in asked_there
        elsewhere = {name: size for name, size in names.items() if shard_of(name, 4) != home}
        assert asked_there.total() == sum(elsewhere.values())
    assert not any(asked.by_shard(1))


def test_the_page_that_was_read_longest_ago_makes_room():
    assert list(misses([[1, 2], [3], [1], [2, 3]], room=2)) == [1, 2]
    assert list(misses([[1, 2], [3], [1], [2, 3]], room=3)) == [0, 0]


def test_without_a_memory_cgroup_nothing_is_measured_in_vain(tmp_path, capsys):
    (tmp_path / "cgroup.procs").touch()
    with pytest.raises(SystemExit):
        main(["graph.db", "--folder", str(tmp_path / "copy"), "--cgroup", str(tmp_path)])
    assert "no memory cgroup that this process may write to" in capsys.readouterr().err
    assert not (tmp_path / "copy").exists()
