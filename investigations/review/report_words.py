"""The report's texts (English, Chinese): kinds of groups, changes, what people share, and reasons."""

from __future__ import annotations

from graph.model.types import RingKind
from investigations.cases import CaseState, VerdictValue

Words = tuple[str, str]

KINDS: dict[RingKind, Words] = {
    RingKind.RING: ("fraud ring", "欺诈团伙"),
    RingKind.AGENT: ("agent", "中介包装"),
    RingKind.MERCHANT: ("merchant collusion", "商户合谋"),
    RingKind.HOUSEHOLD: ("household", "家庭"),
    RingKind.DORMITORY: ("dormitory, workplace", "宿舍、单位"),
    RingKind.KIOSK: ("shop's own device", "门店设备"),
    RingKind.UNKNOWN: ("unknown", "未定"),
}
CASE_STATES: dict[CaseState, Words] = {
    CaseState.PENDING: ("pending", "待处理"),
    CaseState.INVESTIGATING: ("investigating", "调查中"),
    CaseState.CLOSED: ("closed", "已结案"),
}
VERDICTS: dict[VerdictValue, Words] = {
    VerdictValue.CONFIRMED_FRAUD: ("confirmed fraud", "确认欺诈"),
    VerdictValue.FALSE_POSITIVE: ("false positive", "误报"),
    VerdictValue.INCONCLUSIVE: ("inconclusive", "无法认定"),
}
CHANGES: dict[str, Words] = {
    "born": ("new", "新出现"),
    "grown": ("grown", "扩大"),
    "merged": ("merged", "合并"),
    "split": ("split", "分裂"),
    "shrunk": ("shrunk", "缩小"),
    "dissolved": ("dissolved", "解散"),
    "unchanged": ("unchanged", "无变化"),
}
SHARED: dict[str, Words] = {
    "national_id": ("national id", "身份证"),
    "phone": ("phone", "手机号"),
    "device": ("device", "设备"),
    "bank_card": ("bank card", "银行卡"),
    "email": ("e-mail", "邮箱"),
    "ip": ("IP address", "网络地址"),
    "wifi": ("Wi-Fi", "无线网络"),
    "address": ("address", "住址"),
    "employer": ("employer", "单位"),
    "merchant": ("merchant", "商户"),
    "agent": ("agent", "中介"),
    "payment": ("same payment at a shop", "同商户同额消费"),
    "known_contact": ("naming one another", "互填联系人"),
    "common_contact": ("common contact", "共同联系人"),
    "employer_phone": ("employer's phone", "单位电话"),
    "transfer": ("transfer", "转账"),
    "referral": ("referral", "推荐"),
}
REASONS: dict[str, Words] = {
    "RING_CONFIRMED_MEMBERS": ("known frauds inside", "内有已确认欺诈"),
    "RING_WITHIN_AN_HOUR": (
        "came to share things within an hour: by this store's habits hardly ever chance",
        "一小时内集中共用要素，远超本机构常态",
    ),
    "RING_WITHIN_A_DAY": (
        "came to share things within a day of one another: by this store's habits hardly ever chance",
        "相隔一日内陆续共用要素，远超本机构常态",
    ),
    "RING_WITHIN_A_WEEK": (
        "came to share things within a week of one another: by this store's habits hardly ever chance",
        "相隔一周内陆续共用要素，远超本机构常态",
    ),
    "RING_WITHIN_A_MONTH": (
        "came to share things within a month of one another: by this store's habits hardly ever chance",
        "相隔一月内陆续共用要素，远超本机构常态",
    ),
    "RING_TWO_KINDS_AT_ONCE": ("two kinds of things at once", "同时共用两类要素"),
    "RING_SAME_AMOUNT_AT_ONCE": ("the same amount each time", "申请金额一致"),
    "RING_SAME_AGENT": ("same agent", "同一中介"),
    "RING_SAME_MERCHANT": ("same merchant", "同一商户"),
    "RING_APPLIED_TOGETHER": ("applied close together", "集中申请"),
    "RING_EMULATORS": ("emulators", "使用模拟器"),
    "RING_REFUSED_ELSEWHERE": ("refused elsewhere", "他处被拒"),
    "RING_WEAK_VERIFICATION": ("weak verification", "核身偏弱"),
    "RING_DENSE": ("densely tied", "关联紧密"),
    "RING_SUSPICIOUS_MEMBERS": ("suspicious members", "成员可疑"),
    "RING_FLAG_HELD": ("flag kept: nothing speaks against it", "无相反证据，标记保留"),
    "GROUP_SHARES_A_PLACE": ("share a place", "同一处所"),
}


def shared(kind: str) -> Words:
    """What a pair has in common; a kind this page does not know is named as it is."""
    return SHARED.get(kind, (kind.replace("_", " "), ""))


def reason(code: str) -> Words:
    """A ring's reason code in words."""
    if code in REASONS:
        return REASONS[code]
    if code.startswith("RING_SHARED_"):
        english, chinese = shared(code.removeprefix("RING_SHARED_").lower())
        return f"tied by {english}", f"{chinese}关联" if chinese else ""
    return code.lower().replace("_", " "), ""
