"""Small deliveries drawn at random, with what makes rings hard: crews that join, are cleared or have no loan,
people who are alike, few labels or nothing else, rows that come twice, corrected, late or about others, and
files of all formats.
"""

from __future__ import annotations

import gzip
import random
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from pathlib import Path

from tests.support.deliveries import SHANGHAI, write_csv, write_jsonl, write_parquet

BEGAN = datetime(2025, 6, 1, tzinfo=SHANGHAI)
ODD_TIMES = ("1950-01-01", "1969-12-31T23:59:59.999999", "0001-01-01", "2199-01-01", "2025-02-30", "")
ODD_NAMES = ("张伟", "Ωmega", "İstanbul", "ﬁsh", "a b", "Z", "z", "é", "e\u0301", "😀", "0071", "71", "ß")
LABELLED = {"nobody": 0.0, "few": 0.05, "many": 0.5, "all frauds": 1.0, "all good": 1.0}
Row = dict[str, str]


@dataclass
class Drawn:
    """Rows by table; `days` is how long it lasts."""

    rng: random.Random
    days: float
    people: list[str] = field(default_factory=list)
    tables: dict[str, list[Row]] = field(default_factory=dict)

    def add(self, table: str, **row: str) -> Row:
        """One row more."""
        self.tables.setdefault(table, []).append(row)
        return row

    def at(self, on: float) -> str:
        """A moment, so many days after the beginning."""
        return (BEGAN + timedelta(days=on)).isoformat()

    def some_day(self) -> float:
        """One of its days."""
        return self.rng.uniform(0, self.days)

    def does(self, who: str, kind: str, on: float, **more: str) -> None:
        """Somebody does something; half of the events have an id."""
        number = len(self.tables.get("events", ()))
        event_id = f"E{number}" if self.rng.random() < 0.5 else ""
        self.add("events", event_id=event_id, kind=kind, at=self.at(on), applicant_id=who, **more)


def drawn_delivery(folder: Path, seed: int) -> float:
    """Write the records of that seed into a folder, which is made. How many days they last."""
    rng = random.Random(seed)
    drawn = Drawn(rng, rng.choice((3.0, 60.0, 200.0)))
    for number, kind in enumerate(("bank_online", "consumer_finance", "network_microloan")):
        drawn.add("platforms", platform_id=f"P{number}", type=kind, is_own="true" if not number else "")
    applying = rng.choice((1.0, 1.0, 0.7, 0.0))
    crews = _people(drawn, applying)
    _meetings(drawn, crews)
    _fates(drawn, crews, rng.choice(tuple(LABELLED)))
    for n in range(5):
        drawn.add("devices", device_id=_device(1_000 + n), os="android", is_emulator=rng.choice(("true", "")))
    if rng.random() < 0.6:
        _trouble(drawn)
    _write(drawn, folder)
    return drawn.days


def _people(drawn: Drawn, applying: float) -> list[list[str]]:
    """People by themselves, and crews."""
    rng, odd = drawn.rng, drawn.rng.random() < 0.5

    def somebody() -> str:
        n = len(drawn.people)
        name = ODD_NAMES[n % len(ODD_NAMES)] + str(n // len(ODD_NAMES) or "") if odd else f"u{n:04d}"
        drawn.people.append(name)
        return name

    for _ in range(rng.choice((1, 2, 25, 90))):
        who, n = somebody(), len(drawn.people)
        for _ in range(rng.choice((1, 1, 2))):
            _comes(drawn, (who, drawn.some_day()), applying, phone=_phone(n), device_id=_device(n))
    crews: list[list[str]] = []
    for number in range(rng.choice((0, 1, 3, 7))):
        began, alike = drawn.some_day(), rng.random() < 0.4
        crew = [somebody() for _ in range(rng.choice((2, 3, 6, 11)))]
        for n, who in enumerate(crew):
            rig, on = 1_000 + 10 * number + (0 if alike else n % 3), began + (0 if alike else n / 3)
            shared = {"device_id": _device(rig), "contact_phone_1": _phone(9_000 + number)}
            _comes(drawn, (who, on), applying, alike=alike, phone=_phone(2_000 + len(drawn.people)), **shared)
            if not alike:
                _comes(drawn, (who, on + 1.5), applying, **{**shared, "device_id": _device(rig + 1)})
        crews.append(crew)
    return crews


def _comes(
    drawn: Drawn, who_on: tuple[str, float], applying: float, alike: bool = False, **held: str
) -> None:
    """Somebody asks for money, or is only seen."""
    rng, (who, on) = drawn.rng, who_on
    if rng.random() >= applying:
        seen = {name: value for name, value in held.items() if name != "contact_phone_1"}
        drawn.does(who, "login", on, **seen)
        return
    drawn.add(
        "applications",
        application_id=f"申{len(drawn.tables.get('applications', ())):05d}",
        applied_at=drawn.at(on),
        applicant_id=who,
        platform_id="P1" if alike else f"P{rng.randrange(3)}",
        amount="5000" if alike else rng.choice(("5000", "", "12000.5")),
        face_match="0.5" if alike else rng.choice(("", "0.5", "0.93")),
        merchant_id="M1" if alike else rng.choice(("", "M1", "M2")),
        city="" if alike else rng.choice(("", "深圳")),
        **held,
    )


def _meetings(drawn: Drawn, crews: Sequence[Sequence[str]]) -> None:
    """Two crews become one late, everybody knows somebody, or a few do."""
    rng, late = drawn.rng, 0.8 * drawn.days
    if len(crews) > 1 and rng.random() < 0.6:
        for one, other in zip(*crews[:2]):
            drawn.does(one, "transfer", late, counterparty_id=other, amount="100")
            drawn.does(one, "login", late + 0.1, device_id=_device(77))
            drawn.does(other, "login", late + 0.2, device_id=_device(77))
    knowing = drawn.people if rng.random() < 0.3 else rng.choices(drawn.people, k=rng.choice((0, 30)))
    for who in knowing:
        other, amount = rng.choice(drawn.people), rng.choice(("1", "10", "0.5"))
        drawn.does(who, "transfer", drawn.some_day(), counterparty_id=other, amount=amount)
    for who in drawn.people[:9]:
        phone, on = _phone(rng.randrange(30)), drawn.some_day()
        drawn.add("contacts", applicant_id=who, phone=phone, relation="friend", at=drawn.at(on))


def _fates(drawn: Drawn, crews: Sequence[Sequence[str]], labelled: str) -> None:
    """What became of loans, and what is known of whom; the last crew may be cleared late."""
    rng, in_crews = drawn.rng, {who for crew in crews for who in crew}
    for asked in drawn.tables.get("applications", []):
        applied, loan = datetime.fromisoformat(asked["applied_at"]), asked["application_id"]
        if rng.random() < 0.5:
            status = rng.choice(("approved", "rejected", "disbursed", "dpd30", "dpd90", "closed"))
            on = applied + timedelta(days=rng.uniform(0.1, 30))
            drawn.add("outcomes", application_id=loan, status=status, at=on.isoformat())
        is_known = rng.random() < LABELLED[labelled]
        if is_known or (labelled in ("few", "many") and asked["applicant_id"] in in_crews):
            fraud = (asked["applicant_id"] in in_crews) == (rng.random() < 0.9)
            word = {"all frauds": "fraud", "all good": "good"}.get(labelled, "fraud" if fraud else "good")
            known = (applied + timedelta(days=drawn.some_day())).isoformat()
            drawn.add("labels", application_id=loan, applicant_id="", label=word, known_at=known)
    if crews and rng.random() < 0.4:
        for who in crews[-1]:
            known = drawn.at(0.8 * drawn.days)
            drawn.add("labels", application_id="", applicant_id=who, label="good", known_at=known)


def _trouble(drawn: Drawn) -> None:
    """Rows again, with another amount, with somebody else, and at odd times."""
    rng = drawn.rng

    def of_another(row: Row) -> Row:
        return row | ({"applicant_id": rng.choice(drawn.people)} if row.get("applicant_id") else {})

    def at_an_odd_time(row: Row) -> Row:
        ids = {name: f"odd{rng.randrange(10**6)}" for name in ("application_id", "event_id") if name in row}
        own = ids if "applied_at" in row or "event_id" in row else {}
        return row | own | {t: rng.choice(ODD_TIMES) for t in ("applied_at", "at", "known_at") if t in row}

    troubles: tuple[Callable[[Row], Row], ...] = (
        dict,
        lambda row: row | ({"amount": "777"} if "amount" in row else {}),
        of_another,
        at_an_odd_time,
    )
    for name, rows in drawn.tables.items():
        for trouble in troubles if name != "platforms" else ():
            for _ in range(rng.randrange(4)):
                rows.insert(rng.randrange(len(rows) + 1), trouble(rng.choice(rows)))
    drawn.add("outcomes", application_id="nowhere", status="dpd90", at=drawn.at(1))
    drawn.add("labels", application_id="", applicant_id="stranger", label="fraud", known_at=drawn.at(1))


def _write(drawn: Drawn, folder: Path) -> None:
    """Each table as parts, some of which have no row."""
    for name, rows in drawn.tables.items():
        parts = folder / f"{name}.parquet"
        parts.mkdir(parents=True)
        empty, cut = dict.fromkeys(rows[0], ""), drawn.rng.randrange(len(rows) + 1)
        for number, some in enumerate((rows[:cut], rows[cut:])):
            whole = [empty | row for row in some]
            stem = drawn.rng.choice(("part", "文件", "é'", "a%20b", "x+y=1", "#", "q&"))
            kind = drawn.rng.choice(("csv", "csv.gz", "jsonl", "parquet")) if some else "csv"
            _write_part(parts / f"{stem}-{number}.{kind}", whole or [empty])
            if not some:
                (parts / f"{stem}-{number}.csv").write_text(",".join(empty) + "\n", encoding="utf-8")


def _write_part(path: Path, rows: Sequence[Row]) -> None:
    if path.suffix == ".parquet":
        write_parquet(path, rows)
    elif path.suffix == ".jsonl":
        write_jsonl(path, rows)
    else:
        write_csv(path, rows)
        if path.suffix == ".gz":
            path.write_bytes(gzip.compress(path.read_bytes()))


def _phone(n: int) -> str:
    return f"150{n:08d}"


def _device(n: int) -> str:
    return f"{(n * 2_654_435_761 + 12_345) % 2**64:016x}"
