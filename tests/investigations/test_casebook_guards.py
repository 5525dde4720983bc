"""A casebook cannot be edited, and one that somebody edited all the same is noticed: SQLite and a real
PostgreSQL.
"""

from __future__ import annotations

import dataclasses
import re
from pathlib import Path

import pytest
import sqlalchemy as sa

from graph.model.errors import StoreChangedError, StoreUnavailableError, StoreVersionError
from investigations.casebook import Casebook, IdempotencyClaim
from investigations.casebook.migrations import append_only
from investigations.cases import CaseFilter, NewCase, Verdict, VerdictValue
from investigations.policies.reading import read_policy
from investigations.users import AuditAction, AuditEntry, AuditWay
from investigations.watch.alerts import Alert, AlertCode
from investigations.watch.messages import WatchFindings, message_of
from tests.support.casebooks import NOW, assessment, forge, url_of

SECURITY = (Path(__file__).parents[2] / "docs" / "security.md").read_text(encoding="utf-8")


@pytest.fixture
def url(casebook_url: str) -> str:
    """Where a casebook with a row in every table is; on PostgreSQL in a schema of the test's own."""
    with Casebook(casebook_url) as book:
        book.record(assessment(1))
        case_id, _ = book.open_case(NewCase(reason="x", ring_id="R-1"), at=NOW, by="review")
        verdict = Verdict(
            at=NOW, by="wang", value=VerdictValue.INCONCLUSIVE, people={"p1": VerdictValue.INCONCLUSIVE}
        )
        book.give_verdict(case_id, verdict, 10**9, second_above=-1.0)
        book.give_verdict(case_id, dataclasses.replace(verdict, by="li"), 10**9, second_above=-1.0)
        book.attach(case_id, "a.txt", "text/plain", b"a", at=NOW, by="wang")
        book.close_case(case_id, 10**9, at=NOW, by="wang")
        book.begin_watch(1, 0)
        alert = Alert(
            code=AlertCode.RING_MERGED, subject="ring:R-1", cause="W1", at=NOW, recorded_by=1,
            values={"ring": "R-1", "others": "R-2"},
        )  # fmt: skip
        assert book.keep_findings(1, (0, 1), WatchFindings((alert,), (message_of(alert),)))
        book.audit.add([AuditEntry(at=NOW, by="wang", way=AuditWay.KEY, action=AuditAction.LOOKED)])
        for policies in (book.policies, book.policies_in_shadow):
            policies.use(read_policy(b"format: 1\nname: n", "p.yaml"), NOW, "wang")
        assert book.seals.seal(NOW)
    line = "INSERT INTO erasures VALUES (1, 0, 'verdicts', '1', 'a', 'b', 'E-1', 'k1:00')"
    forge(casebook_url, line)
    return casebook_url


@pytest.mark.parametrize("table", append_only(), ids=lambda t: t.name)
def test_no_row_is_changed_deleted_or_replaced(url: str, table: sa.Table) -> None:
    key, *more = (column.name for column in table.primary_key.columns)
    attempts = [f"UPDATE {table.name} SET {key} = {key}", f"DELETE FROM {table.name}"]
    if url.startswith("sqlite"):
        attempts += [
            f"REPLACE INTO {table.name} SELECT * FROM {table.name}",
            f"INSERT OR REPLACE INTO {table.name} SELECT * FROM {table.name}",
            f"UPDATE OR REPLACE {table.name} SET {key} = {key}",
        ]
    else:
        update = (
            f"INSERT INTO {table.name} SELECT * FROM {table.name} ON CONFLICT "
            f"({', '.join((key, *more))}) DO UPDATE "
            f"SET {key} = EXCLUDED.{key}"
        )
        attempts += [f"TRUNCATE {table.name}", f"TRUNCATE {table.name} CASCADE", update]
    for attempt in attempts:
        with pytest.raises(sa.exc.DatabaseError, match="append-only"):
            forge(url, attempt)
    with Casebook(url) as book:
        assert (book.count(), book.assessment("A-1")) == (1, assessment(1))


def test_a_row_is_not_replaced_by_its_rowid_either(tmp_path: Path) -> None:
    with Casebook(url_of(tmp_path)) as book:
        book.record(assessment(1))
        names = ", ".join(c.name for c in append_only()[0].columns)
        other = names.replace("assessment_id", "'A-2'", 1)
        with pytest.raises(sa.exc.DatabaseError, match="append-only"):
            forge(
                url_of(tmp_path),
                f"REPLACE INTO assessments (rowid, {names}) SELECT rowid, {other} FROM assessments",
            )
        assert book.assessment("A-1") == assessment(1)


def test_no_session_of_postgresql_can_put_the_triggers_to_sleep(postgres: str) -> None:
    Casebook(postgres).close()
    with pytest.raises(sa.exc.DatabaseError, match="append-only"):
        forge(postgres, "SET session_replication_role = replica", "TRUNCATE assessments")


FORGERIES = {
    "sqlite": [
        ["DROP TRIGGER assessments_update_refused"],
        ["DROP TRIGGER verdicts_insert_refused"],
        [
            "DROP TRIGGER case_events_delete_refused",
            "CREATE TRIGGER case_events_delete_refused BEFORE DELETE ON case_events BEGIN SELECT 1; END",
        ],
        ["CREATE TRIGGER quiet BEFORE INSERT ON assessments BEGIN SELECT RAISE(IGNORE); END"],
        ["ALTER TABLE assessments ADD COLUMN note TEXT"],
        ["DROP TABLE case_events"],
        ["DROP TABLE about"],
        ["ALTER TABLE verdicts RENAME TO v", "CREATE VIEW verdicts AS SELECT * FROM v"],
    ],
    "postgresql": [
        ["DROP TRIGGER assessments_truncate_refused ON assessments"],
        ["ALTER TABLE verdicts DISABLE TRIGGER verdicts_update_refused"],
        ["ALTER TABLE verdicts ENABLE TRIGGER verdicts_update_refused"],
        [
            (
                "CREATE OR REPLACE FUNCTION ringfence_append_only() RETURNS trigger AS $$ BEGIN "
                "RETURN NEW; END $$ LANGUAGE plpgsql"
            )
        ],
        [
            "CREATE OR REPLACE TRIGGER verdicts_update_refused BEFORE UPDATE OF note ON verdicts "
            "FOR EACH ROW EXECUTE FUNCTION ringfence_append_only()"
        ],
        ["CREATE RULE quiet AS ON INSERT TO assessments DO INSTEAD NOTHING"],
        ["ALTER TABLE assessments DROP COLUMN ring_id"],
        ["DROP TABLE about"],
    ],
}


@pytest.mark.parametrize("number", range(8))
def test_a_casebook_with_changed_guards_or_tables_is_refused_with_the_next_step(
    url: str, number: int
) -> None:
    forge(url, *FORGERIES[url.partition(":")[0].partition("+")[0]][number])
    with pytest.raises(StoreChangedError, match=r"docs/security\.md"):
        Casebook(url)


def test_an_earlier_casebook_gets_the_new_guards_and_keeps_its_rows(tmp_path: Path) -> None:
    url = url_of(tmp_path)
    with Casebook(url) as book:
        book.record(assessment(1))
        case_id, _ = book.open_case(NewCase(reason="x", ring_id="R-1"), at=NOW, by="review")
    later = ("case_work", "person_verdicts", "owed_labels")
    forge(url, *(f"DROP TABLE {name}" for name in later))
    forge(
        url,
        *(f"DROP TRIGGER {t.name}_insert_refused" for t in append_only() if t.name not in later),
        "UPDATE about SET value = '2'",
    )
    with Casebook(url) as book:
        assert book.assessment("A-1") == assessment(1)
        assert [case.case_id for case in book.queue(CaseFilter())[1]] == [case_id]
        assert book.assign(case_id, "wang", 10**9, at=NOW, by="wang").assignee == "wang"
    with pytest.raises(sa.exc.DatabaseError, match="append-only"):
        forge(url, "REPLACE INTO assessments SELECT * FROM assessments")
    forge(url, "UPDATE about SET value = '2'", "DROP TRIGGER assessments_update_refused")
    with pytest.raises(StoreChangedError, match="assessments_update_refused"):
        Casebook(url)


def test_a_casebook_of_a_later_version_is_refused(tmp_path: Path) -> None:
    Casebook(url_of(tmp_path)).close()
    forge(url_of(tmp_path), "UPDATE about SET value = '99'")
    with pytest.raises(StoreVersionError, match="99"):
        Casebook(url_of(tmp_path))


@pytest.mark.parametrize(
    ("column", "value"),
    [("decision", "'maybe'"), ("audit", "x'00'"), ("answer", "x'0102'"), ("as_of", "9e18")],
)
def test_a_row_that_cannot_have_been_written_is_said_to_be_changed(
    tmp_path: Path, column: str, value: str
) -> None:
    with Casebook(url_of(tmp_path)) as book:
        book.record(assessment(1))
        forge(
            url_of(tmp_path),
            "DROP TRIGGER assessments_update_refused",
            f"UPDATE assessments SET {column} = {value}",
        )
        with pytest.raises(StoreChangedError, match="A-1"):
            book.assessment("A-1")


def log_in_as(postgres: str, name: str) -> str:
    """The casebook's URL for a role of the test's own that has what the documentation grants that one."""
    schema = sa.make_url(postgres).query["options"].removeprefix("-csearch_path=")
    role = f"{name}_{schema}"
    written = re.findall(r"^(?:GRANT|REVOKE) .*;$", SECURITY, re.MULTILINE)
    granted = [one for one in written if one.endswith(f" ringfence_{name};")]
    assert len(granted) == 5
    forge(postgres, f"CREATE ROLE {role} LOGIN", f"GRANT USAGE ON SCHEMA {schema} TO {role}")
    forge(
        postgres,
        *(
            grant.replace(f"ringfence_{name}", role).replace("SCHEMA public", f"SCHEMA {schema}")
            for grant in granted
        ),
    )
    return sa.make_url(postgres).set(username=role).render_as_string(hide_password=False)


def test_a_role_that_lacks_a_right_is_told_who_gives_it(postgres: str) -> None:
    schema = sa.make_url(postgres).query["options"].removeprefix("-csearch_path=")
    role = f"stranger_{schema}"
    forge(postgres, f"CREATE ROLE {role} LOGIN", f"GRANT USAGE ON SCHEMA {schema} TO {role}")
    url = sa.make_url(postgres).set(username=role).render_as_string(hide_password=False)
    with pytest.raises(StoreUnavailableError, match=r"permission denied .*: let the owner .*security\.md"):
        Casebook(url)


def test_the_service_may_log_in_as_somebody_who_owns_nothing(postgres: str) -> None:
    with Casebook(postgres) as book:
        book.record(assessment(1))
    url = log_in_as(postgres, "service")
    with Casebook(url) as book:
        book.ping()
        assert not book.record(
            assessment(2), IdempotencyClaim(client="engine", key="k", fingerprint="f", at=NOW), to_outbox=True
        ).replay
        book.outbox_delivered(["A-2"])
        case_id, _ = book.open_case(NewCase(reason="x", ring_id="R-1"), at=NOW, by="review")
        book.assign(case_id, "wang", 10**9, at=NOW, by="wang")
        book.set_due(case_id, NOW, 10**9, at=NOW, by="wang")
        book.forget_claims(NOW)
    for attempt in (
        "DROP TRIGGER assessments_update_refused ON assessments",
        "ALTER TABLE assessments DISABLE TRIGGER ALL",
        "TRUNCATE assessments",
        "DELETE FROM assessments",
        "UPDATE assessments SET score = 0",
        "UPDATE about SET value = '2'",
        "INSERT INTO rewritable VALUES ('assessments', 'A-1')",
        "INSERT INTO erasures VALUES (1, 0, 'assessments', 'A-1', 'a', 'b', 'E', 'k1:0')",
    ):
        with pytest.raises(sa.exc.DatabaseError, match=r"permission denied|must be owner"):
            forge(url, attempt)
