"""Keys say who calls, what they open and for whom they speak; they can be rotated, counted and not
guessed.
"""

from __future__ import annotations

import hashlib
from collections import Counter
from concurrent.futures import ProcessPoolExecutor
from multiprocessing import get_context
from pathlib import Path

import pytest

from graph.model.errors import SettingError
from graph.model.types import Facts, Identifier, IdentifierKind, Mention
from service.app import create_app
from service.assessment.lender_binding import OPERATOR, Binding
from service.http.callers import auth
from service.http.callers.access import SCOPES
from service.http.callers.auth import CallerKeyRing, Keys
from service.http.limits.miss_rates import ENOUGH, MissRates
from service.http.limits.probing import MOST, Probing
from service.http.limits.rate_limits import RateLimit
from tests.support.small_service import body, key, service
from tests.support.small_worlds import PLATFORMS

GOOD, OTHER = key("one"), key("two")


def opened(text, given=GOOD):
    return Keys.parse(text).caller(f"Bearer {given}")


@pytest.mark.parametrize(
    ("entry", "scopes", "binding"),
    [
        (f"engine:{GOOD}", {"risk", "facts"}, None),
        (f"engine:{GOOD}:risk+types", {"risk", "types"}, None),
        (f"engine:{GOOD}@L2+L1", {"risk", "facts"}, Binding(("L1", "L2"))),
        (f"engine:{GOOD}:risk@L1", {"risk"}, Binding(("L1",))),
        (f"desk:{GOOD}@*", set(SCOPES), OPERATOR),
        (f"desk:sha256${hashlib.sha256(GOOD.encode()).hexdigest()}:desk@*", {"desk"}, OPERATOR),
    ],
)
def test_an_entry_says_what_a_key_opens_and_for_whom_it_speaks(entry, scopes, binding):
    caller = opened(entry)
    assert (caller.scopes, caller.binding) == (scopes, binding)


@pytest.mark.parametrize(
    ("text", "why"),
    [
        (f"engine:{GOOD}:", "lists no scopes"),
        ("engine:a-long-random-key", "weak"),
        (f"engine:{'a' * 40}", "weak"),
        (f"engine:{GOOD},desk:{GOOD}", "one key"),
        (f"engine:{GOOD}:risk,engine:{OTHER}:facts", "open the same"),
        (f"engine:{GOOD}:riks", "unknown scopes riks"),
        (f"engine:{GOOD}:desk@L1", "the operator's"),
        (f"engine:{GOOD}:rings", "the operator's"),
        (f"engine:{GOOD}@", "bound to nobody"),
        ("engine", "give name:key"),
        (f":{GOOD}", "give name:key"),
    ],
)
def test_keys_that_cannot_be_meant_are_refused(text, why):
    with pytest.raises(SettingError, match=why):
        Keys.parse(text)


@pytest.mark.parametrize(
    "entry", ["engine", f"l1:{GOOD}:desk@L1", f"one:{OTHER}", "short:key", f"engine:{GOOD}:riks@*"]
)
def test_a_fault_among_keys_is_told_by_the_line_of_the_file_or_the_setting(entry, tmp_path):
    file = tmp_path / "keys"
    file.touch(0o600)
    file.write_text(f"# first\n\none:{OTHER}:risk\n{entry}\n")
    with pytest.raises(SettingError, match=rf"^RINGFENCE_API_KEYS_FILE: {file}, line 4: (?!RINGFENCE)"):
        CallerKeyRing(file=str(file)).keys()
    with pytest.raises(SettingError, match=r"^RINGFENCE_API_KEYS: (?!RINGFENCE)"):
        Keys.parse(f"one:{OTHER}:risk\n{entry}")


def test_a_key_is_rotated_by_having_two_for_a_while(tmp_path, monkeypatch):
    monkeypatch.setattr(auth, "LOOK_AGAIN_S", 0.0)
    file = tmp_path / "keys"
    file.touch(0o600)
    file.write_text(f"# the engine's\nengine:{GOOD}:risk@*\n")
    ring = CallerKeyRing(file=str(file))
    assert ring.keys().caller(f"Bearer {GOOD}").name == "engine"
    file.write_text(f"engine:{GOOD}:risk@*\nengine:{OTHER}:risk@*\n")
    assert [ring.keys().caller(f"Bearer {one}").name for one in (GOOD, OTHER)] == ["engine", "engine"]
    file.write_text(f"engine:{OTHER}:risk@*\n")
    assert (ring.keys().caller(f"Bearer {GOOD}"), bool(ring.keys().caller(f"Bearer {OTHER}"))) == (None, True)
    file.write_text("engine:short")
    assert ring.keys().caller(f"Bearer {OTHER}"), "keys that cannot be read change nothing"


def test_a_limit_is_one_for_all_workers(tmp_path):
    clock = [0.0]
    first, second = (RateLimit(1.0, 4, tmp_path / "buckets", lambda: clock[0]) for _ in range(2))
    waits = [limit.wait("engine") for limit in (first, second, first, second, first)]
    assert waits == [0, 0, 0, 0, 1.0]
    assert second.wait("desk") == 0
    clock[0] = 2.0
    assert [first.wait("engine"), second.wait("engine"), first.wait("engine") > 0] == [0, 0, True]


def test_a_batch_counts_as_its_items(tmp_path):
    context = service(tmp_path, rate_limit=0.01, rate_burst=10)
    client = create_app(context).test_client()
    assert client.post("/risk/batch", json=[body(f"b-{n}") for n in range(8)]).status_code == 200
    assert client.post("/risk/batch", json=[body(f"c-{n}") for n in range(8)]).status_code == 429
    context.close()


def test_wrong_keys_are_slowed_down_by_address(tmp_path):
    context = service(tmp_path, api_keys=f"engine:{GOOD}:risk@*")
    client = create_app(context).test_client()

    def status(given, address="127.0.0.1"):
        return client.post(
            "/risk",
            json=body(),
            headers={"Authorization": f"Bearer {given}"},
            environ_overrides={"REMOTE_ADDR": address},
        ).status_code

    statuses = [status(f"guess-{n}") for n in range(14)]
    assert statuses[:10] == [401] * 10
    assert 429 in statuses[10:]
    assert (status("guess", "127.0.0.2"), status(GOOD)) == (401, 200), (
        "others, and the right key, are not held up"
    )
    context.close()


def number(n, mask="150****7065"):
    return [Mention(Identifier(IdentifierKind.PHONE, f"k1.{n}", mask))]


def test_who_asks_for_many_numbers_behind_one_mask_is_refused_and_nobody_else():
    clock = [0.0]
    probing = Probing(tick=lambda: clock[0])
    assert [probing.wait("L1", number(n)) for n in range(MOST)] == [0.0] * MOST
    assert probing.wait("L1", number(MOST)) > 0
    assert probing.wait("L1", number(3)) == 0, "one that was named before may be named again"
    assert probing.wait("L1", number(MOST, "139****0001")) == 0
    assert probing.wait("L2", number(MOST)) == 0
    clock[0] = 3_601.0
    assert probing.wait("L1", number(MOST)) == 0


def guesses_of(path, first):
    """How many of a hundred guesses behind one mask pass in a process of its own."""
    probing = Probing(path)
    return sum(probing.wait("L1", number(n)) == 0 for n in range(first, first + 100))


def test_two_workers_let_no_more_guesses_pass_than_one(tmp_path):
    with ProcessPoolExecutor(2, get_context("fork")) as workers:
        passed = [
            worker.result()
            for worker in [workers.submit(guesses_of, tmp_path / "guesses", first) for first in (0, 100)]
        ]
    assert sum(passed) == MOST
    assert guesses_of(tmp_path / "guesses", 200) == 0, "and none that starts later"


def test_an_alarm_is_raised_once_for_all_workers(tmp_path, caplog):
    workers = [Probing(tmp_path / "guesses") for _ in range(2)]
    for n in range(3 * MOST):
        workers[n % 2].wait("L1", number(n))
    assert len(caplog.records) == 1


@pytest.mark.parametrize(
    ("others_strange", "own_strange", "alarms"), [(0.5, 1.0, 1), (0.5, 0.9, 0), (1.0, 1.0, 0)]
)
def test_who_asks_for_strangers_alone_raises_an_alarm_where_others_do_not(
    tmp_path, caplog, others_strange, own_strange, alarms
):
    workers = [MissRates(tmp_path / "strangers", lambda: 10.0) for _ in range(2)]
    for n in range(2 * ENOUGH):
        workers[n % 2].count("L2" if n % 3 else None, stranger=n % 10 < 10 * others_strange)
        workers[n % 2].count("L1", stranger=n % 10 < 10 * own_strange)
    assert [
        record.args[0] if record.args else record.getMessage().split()[0] for record in caplog.records
    ] == ["L1"] * alarms


def test_questions_are_counted_by_whether_anybody_is_known(tmp_path):
    context = service(
        tmp_path, Facts(platforms=PLATFORMS), api_keys=f"us:{key('us')}:risk@L1,operator:{key('operator')}@*"
    )
    app = create_app(context)
    counted = []
    app.extensions["ringfence.strangers"].count = lambda party, stranger: counted.append((party, stranger))
    for who, name in (("us", "q1"), ("us", "q2"), ("operator", "q3")):
        app.test_client().post("/risk", json=body(name), headers={"Authorization": f"Bearer {key(who)}"})
    assert counted == [("L1", True), ("L1", False), (None, False)]
    context.close()


def test_lenders_have_one_count_of_guesses_whichever_of_their_keys_asks(tmp_path):
    keys = ",".join(f"{name}:{key(name)}:risk@L1" for name in ("one", "two"))
    context = service(tmp_path, Facts(platforms=PLATFORMS), api_keys=keys)
    client = create_app(context).test_client()
    statuses = Counter()
    for n in range(2 * MOST):
        reported = body(f"g-{n}", phone=f"139{n:04d}7001", device_id=None, national_id=None)
        statuses[
            client.post(
                "/risk", json=reported, headers={"Authorization": f"Bearer {key(('one', 'two')[n % 2])}"}
            ).status_code
        ] += 1
    assert statuses == {200: MOST, 429: MOST}
    context.close()


def test_what_was_counted_before_the_machine_started_anew_counts_no_more(tmp_path):
    clock = [1e6]
    limit, probing = (
        RateLimit(1.0, 1, tmp_path / "limits", lambda: clock[0]),
        Probing(tmp_path / "guesses", lambda: clock[0]),
    )
    assert [limit.wait("L1") for _ in range(2)] == [0, 1.0]
    assert max(probing.wait("L1", number(n)) for n in range(MOST + 1)) > 0
    clock[0] = 5.0
    assert (limit.wait("L1"), probing.wait("L1", number(MOST))) == (0, 0)


def test_the_setting_of_a_file_that_is_not_there_stops_the_start(tmp_path: Path):
    with pytest.raises(SettingError, match="RINGFENCE_API_KEYS_FILE"):
        CallerKeyRing(file=str(tmp_path / "none")).keys()
