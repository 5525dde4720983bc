"""The words of a case file, in English and Chinese."""

from __future__ import annotations

from graph.model.types import RingKind
from investigations.cases import CaseKind, VerdictValue
from investigations.review.report_words import KINDS, REASONS, SHARED, Words

WORDS: dict[str, Words] = {
    "title": ("Case", "案件"),
    "exposure": ("exposure (CNY)", "敞口（元）"),
    "bad_share": ("bad share", "预计不良占比"),
    "alerted_loans": ("share of loans with such an alert that went bad", "同类告警贷款不良占比"),
    "fraud": ("fraud probability", "欺诈概率"),
    "unscored": ("not scored", "未评分"),
    "expected_loss": ("expected loss", "预期损失"),
    "opened": ("opened", "立案"),
    "drawn": ("Drawn as known before", "图谱截至"),
    "snapshot": ("snapshot", "快照"),
    "members": ("People: applications / loans / in default", "人员：申请 / 放款 / 违约"),
    "joined": ("joined", "加入"),
    "did": ("did", "合计"),
    "bad": ("known fraud", "已知欺诈"),
    "evidence": ("Evidence and source", "证据与来源"),
    "source": ("Opened by", "立案来源"),
    "verdicts": ("Verdicts", "结论"),
    "none": ("None yet.", "尚无。"),
    "more": ("and {n} more", "另有 {n} 项"),
    "made": ("Made by", "制作人"),
    "digest": ("SHA-256 of the content", "内容摘要"),
}
VALUES: dict[VerdictValue, Words] = {
    VerdictValue.CONFIRMED_FRAUD: ("confirmed fraud", "确认欺诈"),
    VerdictValue.FALSE_POSITIVE: ("false positive", "误报"),
    VerdictValue.INCONCLUSIVE: ("inconclusive", "无法认定"),
}


def kind_of(kind: CaseKind, language: int) -> str:
    """What a case is about."""
    if kind is CaseKind.APPLICANT:
        return ("applicant", "申请人")[language]
    return KINDS[RingKind(kind.value)][language]


def reason_of(code: str, language: int) -> str:
    """A reason in words; one that is in no table, as it is."""
    shared = SHARED.get(code.removeprefix("RING_SHARED_").lower())
    if shared is not None:
        return ("tied by {}", "{}关联")[language].format(shared[language])
    return REASONS[code][language] if code in REASONS else code.replace("_", " ").lower()
