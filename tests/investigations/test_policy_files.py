"""Policy files: every error names its line and field, and the more particular file wins, field by field."""

from __future__ import annotations

import re
from contextlib import suppress
from dataclasses import replace
from pathlib import Path

import jsonschema
import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from graph.model.errors import SettingError
from graph.model.types import Label, LabelValue
from investigations.policies.fields import ALWAYS, SECTIONS
from investigations.policies.file import PolicyFile, PolicyScope, applied, chain_of
from investigations.policies.reading import MOST_BYTES, read_policy
from investigations.policies.schema import schema
from investigations.policy import Policy, Thresholds
from investigations.rules import RULES, RuleInputs, RuleOverride, fired
from scripts.tools.write_policy_schema import FILE, text
from tests.support.small_worlds import day

PAGE = Path(__file__).parents[2] / "docs" / "how_to" / "policies.md"
HEAD = "format: 1\nname: n\n"


def read(text: str) -> PolicyFile:
    return read_policy(text.encode(), "p.yaml")


WRONG = {
    "": "p.yaml: it is empty",
    "- 1": "p.yaml, line 1: the file: must be a mapping",
    "name: n": "p.yaml, line 1: format: is missing",
    "format: 2\nname: n": "p.yaml, line 1: format: must be 1",
    "format: true\nname: n": "p.yaml, line 1: format: must be 1",
    "format: 1": "p.yaml, line 1: name: is missing",
    "format: 1\nname: ''": "p.yaml, line 2: name: must be a text",
    HEAD + "lender: [L1]": "p.yaml, line 3: lender: must be a text",
    HEAD + "lender: null": "p.yaml, line 3: lender: is nothing in YAML",
    HEAD + "product: ~": "p.yaml, line 3: product: is nothing in YAML",
    HEAD + "treshold: 1": "p.yaml, line 3: treshold: is no field; the nearest is thresholds; there are",
    HEAD + "thresholds:\n  review: 1.5": "p.yaml, line 4: thresholds.review: must be from 0 to 1",
    HEAD + "thresholds:\n  review: high": "p.yaml, line 4: thresholds.review: must be a number",
    HEAD + "thresholds:\n  review: .nan": "p.yaml, line 4: thresholds.review: must be from 0 to 1",
    HEAD + "thresholds:\n  review: true": "p.yaml, line 4: thresholds.review: must be a number",
    HEAD + "thresholds:\n  review: .1\n  review: .2": "p.yaml, line 5: thresholds.review: is given twice",
    HEAD + "thresholds: {review: .6, decline: .5}": "p.yaml, line 3: thresholds: review is above decline",
    HEAD + "limits:\n  newcomers: 2.5": "p.yaml, line 4: limits.newcomers: must be a whole number",
    HEAD + "limits:\n  newcomers:\n    a: 1": "p.yaml, line 5: limits.newcomers: must be a single value",
    HEAD + "reasons: {most: 0}": "p.yaml, line 3: reasons.most: must be from 1 to 20",
    HEAD + "rules:\n  RULE_X: {ignore: true}": "p.yaml, line 4: rules.RULE_X: is no field",
    HEAD + "rules:\n  RULE_FACE_MISMATCH: {review: perhaps}": "rules.RULE_FACE_MISMATCH.review: must be true",
    HEAD + "rules:\n  RULE_FACE_MISMATCH: 1": "line 4: rules.RULE_FACE_MISMATCH: must be a mapping",
    HEAD + "rules:\n  RULE_FRAUD_KNOWN: {ignore: true}": "rules.RULE_FRAUD_KNOWN: always asks for a person",
    HEAD + "rules:\n  RULE_FRAUD_KNOWN: {review: false}": "rules.RULE_FRAUD_KNOWN: always asks",
    HEAD + "thresholds: {review: .1": "not YAML",
    "format: 1\nname: !!python/object:os.system n": "must be",
}


@pytest.mark.parametrize(("written", "told"), WRONG.items())
def test_what_cannot_be_meant_is_told_with_its_line_and_field(written: str, told: str) -> None:
    if "python/object" in written:  # a text like any other: nothing is made of it
        assert read(written).name == "n"
        return
    with pytest.raises(SettingError) as refused:
        read(written)
    assert told in str(refused.value)


def test_all_that_cannot_be_meant_is_told_in_the_order_of_its_lines() -> None:
    written = """format: 2
lender: null
thresholds:
  reveiw: .1
  decline: 7
rules:
  RULE_FRAUD_KNOWN: {ignore: true}
  RULE_FACE_MISMATCH: 1
"""
    with pytest.raises(SettingError) as refused:
        read(written)
    assert [line.partition(": ")[2].partition(": ")[0] for line in str(refused.value).splitlines()] == [
        "name",  # which is missing in the whole
        "format",
        "lender",
        "thresholds.reveiw",
        "thresholds.decline",
        "rules.RULE_FRAUD_KNOWN",
        "rules.RULE_FACE_MISMATCH",
    ]
    assert "reveiw: is no field; the nearest is review;" in str(refused.value)


def test_of_very_many_faults_the_first_hundred_are_told() -> None:
    many = "thresholds:\n" + "".join(f"  x{number}: 1\n" for number in range(300))
    with pytest.raises(SettingError) as refused:
        read(HEAD + many)
    assert len(str(refused.value).splitlines()) == 100


@pytest.mark.parametrize("content", [b"\xff\xfe", b"a: " + b"[" * 20_000, b"#" * (MOST_BYTES + 1)])
def test_what_is_no_policy_at_all_is_refused(content: bytes) -> None:
    with pytest.raises(SettingError, match=r"p\.yaml"):
        read_policy(content, "p.yaml")


@pytest.mark.parametrize(
    "value", ["!!bool maybe", "!!float ''", "!!int ''", "!!int _", "!!timestamp abc", "!!binary a", "="]
)
def test_a_value_that_is_not_what_its_tag_says_is_told_with_its_line(value: str) -> None:
    with pytest.raises(SettingError, match=r"p\.yaml, line 3: thresholds\.review: cannot be read"):
        read(HEAD + f"thresholds: {{review: {value}}}")


@pytest.mark.parametrize(
    "written", ['name: "\\UFFFFFFFF"', "%YAML 1." + "9" * 5_000 + "\n---\n" + HEAD, HEAD + "? [a, b]\n: 1"]
)
def test_what_the_yaml_library_stumbles_over_is_refused(written: str) -> None:
    with pytest.raises(SettingError, match=r"p\.yaml"):
        read(written)


@pytest.mark.parametrize("unprinted", ["\\ud800", "\\0", "\\e[2J", "a\\nb", "\\u2028b", "\\u202e"])
@pytest.mark.parametrize("field", ["name", "lender", "product"])
def test_a_name_that_a_terminal_or_a_database_would_trip_over_is_refused(unprinted: str, field: str) -> None:
    with pytest.raises(SettingError, match=f"{field}: must be a text of one line"):
        read(f'{HEAD.replace("name: n", "") if field == "name" else HEAD}{field}: "x{unprinted}x"')
    assert read('format: 1\nname: "现金\u3000严格"').name == "现金\u3000严格"


@given(st.text(max_size=200))
def test_whatever_a_file_holds_it_is_read_or_refused(written: str) -> None:
    with suppress(SettingError):
        assert read(HEAD + written).name == "n"


def test_the_schema_in_the_docs_is_that_of_the_code() -> None:
    assert FILE.read_text("utf-8") == text(), "write it anew: python -m scripts.tools.write_policy_schema"


def test_the_schema_takes_and_refuses_what_is_read_and_refused() -> None:
    validator = jsonschema.Draft202012Validator(schema())
    (example,) = re.findall(r"```yaml\n(.*?)```", PAGE.read_text("utf-8"), re.DOTALL)
    assert list(validator.iter_errors(yaml.safe_load(example))) == []
    assert read(example).scope == PolicyScope(lender="L01", product="cash")
    for written, told in WRONG.items():
        if "not YAML" in told or "python" in written or "given twice" in told or "above decline" in told:
            continue  # what a schema cannot say
        if ".nan" in written:
            continue  # no number of JSON's
        assert list(validator.iter_errors(yaml.safe_load(written))), written


def test_every_field_of_a_section_is_one_of_the_policy() -> None:
    policy = Policy()
    parts = {"thresholds": policy.thresholds, "limits": policy.limits, "reasons": policy.reason_choice}
    assert set(parts) == set(SECTIONS)
    for name, fields in SECTIONS.items():
        for key, one in fields.items():
            value = getattr(parts[name], key)
            assert one.low <= value <= one.high, (name, key)
            assert not one.whole or isinstance(value, int)
    assert set(RULES) >= ALWAYS


def file(text: str = "", lender: str | None = None, product: str | None = None) -> PolicyFile:
    named = "".join(f"{k}: {v}\n" for k, v in (("lender", lender), ("product", product)) if v)
    return read(HEAD + named + text)


def test_the_more_particular_file_wins_and_leaves_what_it_is_silent_about() -> None:
    files = [
        file("thresholds: {decline: .3, approve: .1}", lender="L1", product="cash"),
        file("thresholds: {approve: .2, review: .05}"),
        file("thresholds: {approve: .3}\nlimits: {face: .7}", lender="L1"),
        file("thresholds: {approve: .4}\nreasons: {most: 2}", product="cash"),
        file("thresholds: {approve: .9}", lender="L2"),
    ]
    chain = chain_of(files, PolicyScope(lender="L1", product="cash"))
    policy = applied(Policy(), chain)
    assert policy.thresholds == Thresholds(review=0.05, decline=0.3, approve=0.1)
    assert (policy.limits.face, policy.reason_choice.most) == (0.7, 2)
    assert policy.files == tuple(files[n].digest for n in (1, 3, 2, 0))
    other = applied(Policy(), chain_of(files, PolicyScope(lender="L1", product="car")))
    assert (other.thresholds.approve, other.reason_choice.most) == (0.3, 4)
    everybody = applied(Policy(), chain_of(files, PolicyScope()))
    assert everybody.thresholds == Thresholds(review=0.05, decline=0.6, approve=0.2)


def test_between_review_and_decline_what_a_file_does_not_set_gives_way() -> None:
    low = replace(Policy(), thresholds=Thresholds(review=0.2, decline=0.4))
    assert applied(low, [file("thresholds: {review: .5}")]).thresholds.decline == 0.5
    assert applied(low, [file("thresholds: {decline: .1}")]).thresholds.review == 0.1


def test_a_rule_is_overridden_by_the_last_file_that_speaks_of_it() -> None:
    everybody = file("rules: {RULE_FRAUD_KNOWN: {severity: .5}, RULE_RING_MEMBER: {review: false}}")
    lenders = file("rules: {RULE_FRAUD_KNOWN: {review: true}}", lender="L1")
    policy = applied(Policy(), [everybody, lenders])
    label = Label(applicant_id="p1", label=LabelValue.FRAUD, known_at=day(1), source="lender")
    (one,) = fired(RuleInputs(labels=(label,)), policy.limits, policy.overrides)
    assert (one.code.code, one.severity, one.forces_review) == ("RULE_FRAUD_KNOWN", 0.5, True)
    off = (("RULE_FRAUD_KNOWN", RuleOverride(ignore=True)),)
    assert fired(RuleInputs(labels=(label,)), None, off) == ()


def test_the_version_changes_with_every_value_of_a_file_and_with_nothing_else() -> None:
    policy = Policy()
    assert applied(policy, [file("thresholds: {review: .1}")]).version == policy.version
    different = {
        applied(policy, [file(one)]).version
        for one in (
            "thresholds: {review: .11}",
            "limits: {face: .51}",
            "reasons: {most: 3}",
            "rules: {RULE_FACE_MISMATCH: {review: true}}",
            "rules: {RULE_FACE_MISMATCH: {severity: .61}}",
        )
    }
    assert len(different | {policy.version}) == 6
