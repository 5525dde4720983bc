"""The desk's dictionary: every code that the service may tell has its word in both languages, and each
language stays in itself.
"""

import re
from pathlib import Path

import pytest

from graph.facts.groups import AGES
from graph.features.signals.catalogue import DIMENSIONS
from graph.model.types import IdentifierKind, LabelValue, OutcomeStatus, PlatformType, RingKind, Role
from ingestion.contract import EVENTS
from investigations.assessments import Decision, Level
from investigations.last_scores import ScoreSource
from investigations.monitoring.alarms import AlarmCode
from investigations.monitoring.stability import Stability
from investigations.review import flag_words, report_words
from service.assessment import case_opening
from service.jobs import alert_cases

TABLES = sorted((Path(__file__).parents[3] / "service" / "web" / "src" / "words").glob("*.ts"))
TEXT = "".join(table.read_text(encoding="utf-8") for table in TABLES)
ENTRY = re.compile(r'^  (\w+): \[\s*"((?:[^"\\]|\\.)*)",\s*"((?:[^"\\]|\\.)*)",?\s*\],$', re.MULTILINE)
WORDS = {key: (english, chinese) for key, english, chinese in ENTRY.findall(TEXT)}
OTHER_WAY = {"language", "language_hint"}  # they speak to whoever reads the other language
# names, keys of the keyboard, and what is typed
LATIN = {"Ringfence", "P2P", "desk", "applicant", "RINGFENCE_API_KEYS", "Ctrl", "Esc", *"DFHPASZY"}


def test_the_whole_dictionary_is_read():
    assert len(WORDS) == sum(
        line.startswith("  ") and not line.startswith("   ") and ": [" in line for line in TEXT.splitlines()
    )
    assert len(WORDS) > 250


@pytest.mark.parametrize(
    ("prefix", "codes"),
    [
        (
            "",
            [
                *IdentifierKind,
                *LabelValue,
                *OutcomeStatus,
                *PlatformType,
                *Decision,
                *(set(Level) - {Level.FULL}),
            ],
        ),
        (
            "",
            [
                "core",
                "member",
                "fringe",
                "low",
                "medium",
                "high",
                "new",
                "growing",
                "stable",
                "shrinking",
                "applicant",
                "application",
                "merchant",
                "agent",
            ],
        ),
        ("kind_", list(RingKind)),
        ("role_", [*Role, *EVENTS.column("kind").words, "applied"]),
        ("hub_", list(IdentifierKind)),
        ("hubs_", list(IdentifierKind)),
        ("dimension_", list(DIMENSIONS)),
        ("", [*report_words.CHANGES, *report_words.SHARED]),
        ("why_", list(report_words.REASONS)),
        ("score_of_", list(ScoreSource)),
        ("alarm_", list(AlarmCode)),
        ("stability_", list(Stability)),
        ("group_is_", [name for _, name in AGES]),
        ("group_is_", ["city_first_tier", "city_new_first_tier", "city_other", "thin_file", "bank"]),
        ("group_is_", ["new_citizen", "settled_citizen", "household", "dormitory"]),
        ("", list(flag_words.FLAGS)),
        (
            "source_",
            ["application_review", "collection", "customer_complaint", "investigation", "repaid", "desk"],
        ),
    ],
)
def test_every_code_has_its_word(prefix, codes):
    assert [code for code in codes if f"{prefix}{code}" not in WORDS] == []


def test_the_report_and_the_desk_call_one_thing_by_one_word_in_chinese():
    for prefix, table in (
        ("kind_", report_words.KINDS),
        ("", report_words.CHANGES),
        ("", report_words.SHARED),
        ("why_", report_words.REASONS),
    ):
        for code, (_, chinese) in table.items():
            assert WORDS[f"{prefix}{code}"][1] == chinese, code


def test_the_parts_of_the_service_that_open_cases_have_words():
    assert {f"by_{one}" for one in (case_opening.BY, alert_cases.BY, "ring_review")} <= set(WORDS)


@pytest.mark.parametrize("key", sorted(set(WORDS) - OTHER_WAY))
def test_each_language_stays_in_itself(key):
    english, chinese = WORDS[key]
    assert not re.search(r"[\u3000-\u9fff\uff00-\uffef]", english)
    assert set(re.findall(r"[A-Za-z][A-Za-z_0-9]+|[A-Z]\b", re.sub(r"\{\w+\}", "", chinese))) <= LATIN
    assert set(re.findall(r"\{\w+\}", english)) == set(re.findall(r"\{\w+\}", chinese))


@pytest.mark.parametrize("word", sorted(WORDS))
def test_one_is_never_said_as_many(word: str) -> None:
    english, chinese = WORDS[word]
    said = re.sub(r"\{\w+\}[^\[{]*\[[^|\]]+\|[^\]]+\]", "", english)  # a number, and of its noun both forms
    assert "[" not in said, "a noun with two forms and no number before it"
    assert not re.search(r"\{(n|people|things|days|loans|applications|steps)\} \w+s\b", said)
    assert not re.search(r"\{(?!guard)\w+\} people\b", said)
    assert "[" not in chinese
