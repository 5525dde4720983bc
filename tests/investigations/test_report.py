"""The report of a ring review: one page that opens without a network, and says what is new, how bad, and who
is held by mistake.
"""

import dataclasses
import re
from datetime import timedelta
from html.parser import HTMLParser
from itertools import pairwise
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest

from graph.model.types import Ring, RingChange, RingKind, RingMember, RingSnapshot
from graph.rings.groups import kinds
from graph.rings.links.projection import LINK_KINDS
from investigations.case_outcomes import CaseStanding, Tally, VerdictCounts
from investigations.cases import CaseState, VerdictValue
from investigations.estimates import Estimate, Excess
from investigations.monitoring.alarms import Alarm, AlarmCode
from investigations.monitoring.record import KeptAlarm
from investigations.review import report_words as words
from investigations.review.flag_words import why
from investigations.review.record import ReviewRecord, Saved, TrendWeek
from investigations.review.report import back_test, money, percent, render
from investigations.review.report_charts import WIDTH, Bar, bars, columns, histogram
from investigations.review.report_drawing import MEMBERS_DRAWN, draw
from investigations.review.report_fairness import GROUPS
from investigations.review.report_model import ALARMS
from investigations.review.result import EarlyWarning, GroupEdge, ReviewResult
from investigations.review.tally import RingTally
from investigations.review.week_fairness import GroupOfWeek
from tests.support.desk.browsers import chromium
from tests.support.small_worlds import day

HOSTILE = '<img src=x onerror="alert(1)">'


def ring(ring_id, size=6, kind=RingKind.RING, score=0.8, **more):
    names = more.pop("names", [f"{ring_id}-p{n}" for n in range(size)])
    reported = {
        "state": "growing",
        "first_seen": day(60),
        "last_seen": day(100),
        "confirmed_bad": 2,
        "suspected": 3,
        "bad_rate": 0.3,
        "exposure": 58_000.0,
        "shared_by_kind": {"device": 4, "bank_card": 2},
        "hubs_ignored": 1,
        "density": 0.4,
        "burst_days": 9.0,
        "platforms": 3,
        "reason_codes": ("RING_SHARED_DEVICE",),
        "members": tuple(
            RingMember(
                applicant_id=name,
                role="core" if n < 2 else "member",
                joined_at=day(99 - n * 5),
                distance_to_core=int(n >= 2),
                strength=2.0,
            )
            for n, name in enumerate(names)
        ),
    }
    return Ring(ring_id=ring_id, kind=kind, score=score, **(reported | more))


def chain(one):
    names = [member.applicant_id for member in one.members]
    return tuple(GroupEdge(a=a, b=b, weight=0.6, kinds=("device",)) for a, b in pairwise(names))


def review(rings, previous="2025-W14", changes=(), early=(), **figures):
    reported = {
        "applicants": 3000,
        "links": 9000,
        "hubs_ignored": 41,
        "largest_component": 33,
        "known_good": 200,
        "known_good_flagged": 1,
    } | figures
    snapshot = RingSnapshot(name="2025-W15", as_of=day(100), rings=tuple(rings), changes=tuple(changes))
    return ReviewResult(
        snapshot=snapshot,
        tally=RingTally.of(snapshot),
        previous=previous,
        edges={one.ring_id: chain(one) for one in rings if one.kind.flagged},
        early=tuple(early),
        moments=(day(70), day(80), day(90)),
        figures=reported,
    )


def page_of(result, tmp_path):
    render(result, tmp_path / "report.html")
    return (tmp_path / "report.html").read_text(encoding="utf-8")


class Tags(HTMLParser):
    """Which elements a page has, and every address that it names."""

    def __init__(self, page):
        super().__init__()
        self.open, self.names, self.addresses = [], set(), []
        self.feed(page)

    def handle_starttag(self, tag, attrs):
        self.names.add(tag)
        self.addresses += [value for name, value in attrs if name in ("src", "href", "data", "action")]
        if tag not in ("meta", "link", "br", "img"):
            self.open.append(tag)

    def handle_endtag(self, tag):
        assert self.open.pop() == tag


def test_the_page_opens_without_a_network_and_without_a_script(tmp_path):
    page = page_of(review([ring("R-1"), ring("R-2", kind=RingKind.DORMITORY, score=0.01)]), tmp_path)
    tags = Tags(page)
    assert tags.open == []
    assert tags.addresses == []
    assert not {"script", "link", "img", "iframe"} & tags.names
    assert "url(" not in page
    policy = "default-src 'none'; style-src 'unsafe-inline'; base-uri 'none'; form-action 'none'"
    assert f'<meta http-equiv="Content-Security-Policy" content="{policy}">' in page[: page.index("<title>")]
    assert list(tmp_path.iterdir()) == [tmp_path / "report.html"]


def test_the_worst_rings_are_drawn_and_honest_groups_are_not(tmp_path):
    page = page_of(
        review(
            [ring("R-1"), ring("R-2", kind=RingKind.AGENT), ring("R-3", kind=RingKind.HOUSEHOLD, score=0.02)]
        ),
        tmp_path,
    )
    assert re.findall(r'aria-label="(R-\d)" class="ring"', page) == ["R-1", "R-2"]
    assert page.count("<circle") == 12
    assert "household" in page


def test_what_is_new_since_last_week_names_rings_joined_and_left(tmp_path):
    changes = [
        RingChange(ring_id="R-1", change="grown", from_rings=("R-1",), joined=4, left=1, jaccard=0.6),
        RingChange(ring_id="R-7", change="dissolved", from_rings=("R-7",), joined=0, left=9, jaccard=0.0),
        RingChange(ring_id="R-2", change="unchanged", from_rings=("R-2",), joined=0, left=0, jaccard=1.0),
    ]
    page = page_of(review([ring("R-1"), ring("R-2")], changes=changes), tmp_path)
    rows = re.findall(r"<tr><td>(R-\d)</td><td>(\w+)", page)
    assert ("R-1", "grown") in rows
    assert "1 dissolved" in page
    assert "no previous snapshot" not in page


def test_a_ring_that_lost_its_flag_is_listed_with_why_even_under_no_name_any_more(tmp_path):
    was = (ring("R-7", size=9, exposure=113_000.0, score=0.94), ring("R-8", size=4))
    gone = {"joined": 0, "left": 0, "jaccard": 0.5, "flag": "no_longer_flagged"}
    changes = [
        RingChange(
            ring_id="R-7",
            change="shrunk",
            from_rings=("R-7",),
            why=("cleared=ann,ben", "taken_for=household"),
            **gone,
        ),
        RingChange(ring_id="R-8", change="dissolved", from_rings=("R-1",), why=("in_flagged=R-1",), **gone),
        RingChange(
            ring_id="R-1",
            change="unchanged",
            from_rings=("R-1",),
            joined=0,
            left=0,
            jaccard=1.0,
            flag="flagged",
            why=("held=0.94>0.45",),
        ),
    ]
    now = [ring("R-1"), ring("R-7", kind=RingKind.HOUSEHOLD, score=0.45)]
    page = page_of(dataclasses.replace(review(now, changes=changes), before=was), tmp_path)
    part = page[page.index("<h2>No longer flagged") : page.index("<h2>The worst rings")]
    assert re.findall(r"<tr><td>(R-\d)", part) == ["R-7", "R-8"]
    assert "94.0 % → 45.0 %" in part
    assert "113 k" in part
    assert "people cleared: 2 (ann, ben); taken for now: household" in part
    assert "its people are in flagged R-1" in part
    assert "the expected bad share went from 94% to 45%, but nothing has come to speak against it" in page


def test_an_estimate_that_reads_the_same_as_before_is_not_said_to_have_gone_anywhere():
    english, chinese = why(("held=0.8916>0.8914",))
    assert english == "the expected bad share is 89% as before, and nothing has come to speak against it"
    assert chinese == "预计不良占比仍为89%，没有相反证据，标记保留"
    assert why(("score=0.312>0.309",)) == ("expected bad share 31% as before", "预计不良占比仍为31%")


def test_the_honest_hit_in_homes_dormitories_and_shops_are_headlines_of_every_report(tmp_path):
    page = page_of(
        review(
            [ring("R-1")],
            honest_household_known=200,
            honest_household_flagged=3,
            honest_kiosk_known=0,
            honest_kiosk_flagged=0,
        ),
        tmp_path,
    )
    assert "<b>1.5 %</b><span>of the honest known in a household are in flagged groups: 3 of 200" in page
    assert "<b>n/a</b><span>of the honest known in a shop are in flagged groups: 0 of 0" in page
    assert "dormitory, workplace" in page
    assert "paid a loan back, were never 30 days late" in page


def test_a_first_run_says_that_there_was_nothing_to_compare_with(tmp_path):
    page = page_of(review([ring("R-1")], previous=None), tmp_path)
    assert "There was no previous snapshot" in page
    assert "没有可比较的上期快照" in page


def test_the_share_of_people_known_to_be_good_in_flagged_rings_is_a_headline(tmp_path):
    hit = page_of(review([ring("R-1")]), tmp_path)
    assert '<div class="head"><b>0.5 %</b><span>of the 200 people cleared as good' in hit, (
        "one is no good news"
    )
    none = page_of(review([ring("R-1")], known_good_flagged=0), tmp_path)
    assert '<div class="check"><b>0.0 %</b><span>of the 200 people cleared as good' in none
    assert "<b>–</b><span>of the 0 people cleared as good" in page_of(
        review([ring("R-1")], known_good=0, known_good_flagged=0), tmp_path
    )


def test_a_week_without_any_ring_still_has_a_report(tmp_path):
    page = page_of(review([], previous="2025-W14"), tmp_path)
    assert "No group is flagged" in page
    assert Tags(page).open == []


def test_markup_in_ids_stays_text(tmp_path):
    page = page_of(review([ring("R-1", names=[HOSTILE, "b", "c"])]), tmp_path)
    assert "<img" not in page
    assert "&lt;img src=x" in page


def test_the_back_test_counts_only_what_was_flagged_before_its_first_known_default(tmp_path):
    early = [
        EarlyWarning(
            ring_id="R-1", flagged_at=day(60), first_default=day(90), days=30.0, loans=4, amount=20_000.0
        ),
        EarlyWarning(
            ring_id="R-2", flagged_at=day(90), first_default=day(80), days=-10.0, loans=2, amount=7_000.0
        ),
        EarlyWarning(
            ring_id="R-3", flagged_at=day(90), first_default=None, days=None, loans=5, amount=9_000.0
        ),
    ]
    reported = back_test(early)
    assert (reported.early, reported.known, reported.median_days, reported.loans, reported.amount) == (
        1,
        2,
        30.0,
        4,
        20_000.0,
    )
    page = page_of(review([ring("R-1"), ring("R-2"), ring("R-3")], early=early), tmp_path)
    assert "Would have been flagged 30 days before its first known default; 4 loans of 20 k CNY came" in page
    none = [dataclasses.replace(early[0], loans=0, amount=0.0)]
    assert "no loan came after that" in page_of(review([ring("R-1")], early=none), tmp_path)


def test_the_same_ring_is_drawn_the_same_every_time_and_says_who_is_left_out():
    large = ring("R-1", size=MEMBERS_DRAWN + 15)
    picture = draw(large, chain(large), day(100))
    assert picture == draw(large, chain(large), day(100))
    assert picture.count("<circle") == MEMBERS_DRAWN
    assert "+ 15" in picture


def test_who_joined_within_the_week_is_marked():
    picture = draw(ring("R-1"), (), day(100))
    assert picture.count('stroke="#e07b1f"') == 2
    assert draw(ring("R-1"), (), day(100) + timedelta(days=30)).count('stroke="#e07b1f"') == 0


def test_a_chart_writes_its_figures_and_nothing_for_nothing():
    assert bars([]) == columns([]) == ""
    assert ">12 k<" in bars([Bar("R-1", 12_000, money(12_000))])
    drawn = histogram([1, 2, 3, 99, 500], [0, 2, 10, 100], ["a", "b", "c"])
    assert [int(n) for n in re.findall(r">(\d+)</text>", drawn)] == [1, 2, 2]


@pytest.mark.parametrize(
    ("amount", "text"),
    [(940, "940"), (9_400, "9,400"), (12_345, "12.3 k"), (4_560_000, "4.56 M"), (2.5e9, "2.5 bn"), (0, "0")],
)
def test_money_is_short_enough_for_a_meeting(amount, text):
    assert money(amount) == text


def test_every_reason_of_a_ring_and_all_that_people_share_has_words_in_zh_and_en():
    named = [f"RING_SHARED_{kind.upper()}" for kind in LINK_KINDS]
    written = re.findall(r'"((?:RING|GROUP)_[A-Z_]+)"', Path(kinds.__file__).read_text(encoding="utf-8"))
    assert written
    for code in (*named, *written):
        english, chinese = words.reason(code)
        assert english, code
        assert chinese, code
        assert code.lower().replace("_", " ") != english


def test_an_unknown_share_is_a_dash():
    assert (percent(None), percent(0.0052)) == ("–", "0.5 %")


def test_the_report_tells_times_and_days_in_the_zone_of_the_settings_and_names_it(tmp_path):
    # of the next day already in China
    late = dataclasses.replace(ring("R-1"), first_seen=day(60) + timedelta(hours=20))
    page = page_of(dataclasses.replace(review([late]), zone=ZoneInfo("Asia/Shanghai")), tmp_path)
    assert f"{day(100):%Y-%m-%d} 08:00 Asia/Shanghai (UTC+08:00)" in page
    assert f">{day(61):%Y-%m-%d}</td>" in page
    assert f">{day(60):%Y-%m-%d}</td>" in page_of(review([late]), tmp_path)


def record_of_two_weeks():
    weeks = tuple(
        TrendWeek(
            snapshot=f"2025-W{n}", as_of=day(7 * n), flagged=n, people=6 * n, exposure=1e4 * n,
            newly_flagged=1, no_longer_flagged=0,
        )
        for n in (14, 15)
    )  # fmt: skip
    standing = CaseStanding(
        case_id="C-1", state=CaseState.CLOSED, assignee="li", verdict=VerdictValue.FALSE_POSITIVE
    )
    saved = Saved(rings=5, ahead=2, late=1, refused=3, refused_amount=24_000.0, paid=1, paid_amount=8_000.0)
    wrong = {"RING_DENSE": Tally(confirmed_fraud=1, false_positive=3)}
    counts = VerdictCounts(kinds={"merchant": Tally(false_positive=1)}, codes=wrong)
    return ReviewRecord(trend=weeks, saved=saved, cases={"R-1": standing}, verdicts=counts)


def test_the_report_links_each_ring_to_the_desk_and_says_how_its_case_stands(tmp_path):
    result = dataclasses.replace(
        review([ring("R-1"), ring("R-2")]), record=record_of_two_weeks(), desk="https://risk.example/desk"
    )
    page = page_of(result, tmp_path)
    assert "https://risk.example/desk?node=ring%3AR-1&amp;as_of=2025-04-11T00%3A00%3A00%2B00%3A00" in page
    assert '<a href="https://risk.example/desk?case=C-1">closed: false positive</a>' in page
    assert "none yet" in page
    assert "<a " not in page_of(review([ring("R-1")]), tmp_path), "without an address there is no link"


def test_the_report_tells_the_trend_what_the_flags_saved_and_where_they_were_wrong(tmp_path):
    page = page_of(dataclasses.replace(review([ring("R-1")]), record=record_of_two_weeks()), tmp_path)
    assert "The last 2 weeks" in page
    assert "<td>2025-W14</td>" in page
    assert "24 k</b><span>CNY refused to their people since: 3 applications" in page
    assert "<b>2 / 3</b>" in page
    assert re.search(r'title="RING_DENSE">densely tied.*?>1</td>.*?>3</td>.*?75\.0 %', page)
    assert re.search(r"merchant collusion.*?100\.0 %", page)


@pytest.mark.browser
@pytest.mark.slow
def test_on_a4_nothing_runs_off_the_sheet(tmp_path):
    flagged = [ring(f"R-{n:06d}", size=12, score=0.9 - n / 100) for n in range(12)]
    share = Estimate(0.0123, 0.0045, 0.0289, 12_345)
    decisions = dict.fromkeys(("approved", "reviewed", "declined"), share)
    group = GroupOfWeek(flagged=share, unlike=Excess(151, 120.5, 0.4), decisions=decisions)
    result = dataclasses.replace(
        review(flagged), record=record_of_two_weeks(), fairness=dict.fromkeys(GROUPS, group)
    )
    render(result, tmp_path / "report.html")
    with chromium() as browser:
        page = browser.new_page(viewport={"width": 703, "height": 1020})  # 186 mm between the margins
        page.goto((tmp_path / "report.html").as_uri())
        page.emulate_media(media="print")
        assert page.evaluate("document.documentElement.scrollWidth") <= 703
        ids = page.locator("table.rows td:first-child")
        assert ids.count() == 12
        lines = """one => {
            const text = document.createRange();
            text.selectNodeContents(one);
            return text.getClientRects().length;
        }"""
        assert {ids.nth(n).evaluate(lines) for n in range(12)} == {1}, "an id stands in one line"
        assert page.pdf(prefer_css_page_size=True).startswith(b"%PDF")


@pytest.mark.browser
@pytest.mark.slow
def test_on_a_phone_a_row_of_the_long_tables_is_a_card_with_its_labels(tmp_path):
    names = [f"R-{n:010d}" for n in range(4)]
    because = ("same_agent_as=R-0000000009", "tied_to=R-0000000009", "was=household")
    changes = [
        RingChange(
            ring_id=name,
            change="merged",
            from_rings=(name, "R-b2c3b7a44b"),
            joined=1,
            left=0,
            jaccard=0.5,
            flag="flagged",
            why=because,
        )
        for name in names
    ]
    result = review([ring(name) for name in names], changes=changes)
    render(dataclasses.replace(result, record=record_of_two_weeks()), tmp_path / "report.html")
    with chromium() as browser:
        page = browser.new_page(viewport={"width": 390, "height": 844})
        page.goto((tmp_path / "report.html").as_uri())
        assert page.evaluate("document.documentElement.scrollWidth") <= 390
        cards = page.locator("table.rows tbody tr")
        assert cards.count() == 8
        assert all(cards.nth(n).bounding_box()["height"] < 330 for n in range(8))
        cells = "[...document.querySelectorAll('table.rows td')]"
        assert page.evaluate(f"Math.max(...{cells}.map(one => one.getBoundingClientRect().right))") <= 390
        said = f"{cells}.map(one => getComputedStyle(one, '::before').content)"
        assert any("Bad share" in one for one in page.evaluate(said))


def test_the_report_says_which_alarms_of_monitoring_last(tmp_path):
    alarm = KeptAlarm(
        alarm=Alarm(AlarmCode.SIGNAL_DRIFT, day(90), "index of <face_match> 0.40", "face_match"),
        model_version="m",
        found_at=day(91),
    )
    shown = {}
    for name, alarms in {"none": None, "calm": (), "moved": (alarm,)}.items():
        record = ReviewRecord(alarms=alarms, monitored=day(92))
        shown[name] = page_of(dataclasses.replace(review([ring("R-1")]), record=record), tmp_path)
    assert "index of &lt;face_match&gt; 0.40" in shown["moved"]
    assert "特征分布漂移" in shown["moved"]
    assert "Monitoring has no alarm; it looked last on 2025-04-03." in shown["calm"]
    assert "The model that answers" not in shown["none"]


def test_a_model_that_nobody_monitors_is_not_said_to_be_without_alarm(tmp_path):
    page = page_of(dataclasses.replace(review([ring("R-1")]), record=ReviewRecord(alarms=())), tmp_path)
    assert "Nobody has monitored a model yet" in page
    assert "no alarm" not in page


def test_of_many_exposures_the_report_says_that_it_shows_the_largest(tmp_path):
    many = [ring(f"R-{n:02d}", exposure=1_000.0 * n) for n in range(13)]
    assert "The largest 10 of 12." in page_of(review(many), tmp_path), "one of them has none"
    assert "The largest" not in page_of(review(many[:11]), tmp_path)


def test_a_label_at_the_edge_of_a_chart_is_whole():
    drawn = columns([Bar(f"2025-{n:02d}", 1.0, "1") for n in range(1, 13)])
    places = [float(x) for x in re.findall(r'<text x="([\d.]+)"[^>]*>2025-', drawn)]
    assert min(places) >= 7 * 3.5
    assert max(places) <= WIDTH - 7 * 3.5


def test_with_which_ring_one_belongs_is_said_once_with_all_that_ties_both():
    english, chinese = why(("was=household", "tied_to=R-2", "tied_to=R-3", "same_agent_as=R-2"))
    assert english == (
        "was taken for: household; belongs with R-2: several of its people are tied to people there who came "
        "at about the same time and most of both came through one agent; belongs with R-3: several of its "
        "people are tied to people there who came at about the same time"
    )
    assert chinese.count("R-2") == chinese.count("R-3") == 1


def test_every_alarm_has_words_in_both_languages():
    assert ALARMS.keys() == set(AlarmCode)
