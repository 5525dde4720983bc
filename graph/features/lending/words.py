"""The multi-lending variables in words: reason codes, and texts in English and Chinese."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType

from graph.features.lending.grammar import Variable, variable
from graph.features.registry import Unit, render_text

Words = Mapping[str, tuple[str, str]]

WINDOW_WORDS: Words = MappingProxyType(
    {
        "1h": ("1 hour", "1小时"),
        "3h": ("3 hours", "3小时"),
        "6h": ("6 hours", "6小时"),
        "12h": ("12 hours", "12小时"),
        "24h": ("24 hours", "24小时"),
        "3d": ("3 days", "3天"),
        "7d": ("7 days", "7天"),
        "15d": ("15 days", "15天"),
        "1m": ("1 month", "1个月"),
        "3m": ("3 months", "3个月"),
        "6m": ("6 months", "6个月"),
        "12m": ("12 months", "12个月"),
    }
)
KEY_WORDS: Words = MappingProxyType(
    {
        "id": ("this national id", "同一身份证"),
        "phone": ("this number", "同一手机号"),
        "device": ("this device", "同一设备"),
        "card": ("this card", "同一银行卡"),
        "person": ("this person", "同一人"),
        "ring": ("this ring", "同一团伙"),
    }
)
SEGMENT_WORDS: Words = MappingProxyType(
    {
        "all": ("", ""),
        "others": (" at other lenders", "其他机构"),
        "own": (" at the asking lender", "本机构"),
        "bank": (" at banks", "银行"),
        "bank_tra": (" at traditional banks", "传统银行"),
        "bank_onl": (" at online banks", "网络银行"),
        "nbank": (" at non-banks", "非银机构"),
        "nbank_cf": (" at consumer finance companies", "消费金融公司"),
        "nbank_nml": (" at licensed network microlenders", "网络小贷"),
        "nbank_ml": (" at microlenders", "小贷公司"),
        "nbank_p2p": (" at P2P platforms", "P2P平台"),
        "nbank_auto": (" at car financiers", "汽车金融公司"),
        "nbank_lease": (" at lessors", "融资租赁公司"),
        "nbank_oth": (" at other non-banks", "其他非银机构类型"),
        "cash": (" for cash loans", "现金贷"),
        "cash_inst": (" for cash instalment loans", "现金分期"),
        "off_inst": (" for instalment loans at shops", "线下分期"),
        "cons_inst": (" for instalment loans online", "消费分期"),
        "card": (" for credit cards", "信用卡"),
        "auto": (" for car loans", "车贷"),
        "week": (" at weekends", "周末"),
        "night": (" between 22 and 6 o'clock", "夜间"),
        "small_hours": (" between midnight and 5 o'clock", "凌晨"),
    }
)
STAT_WORDS: Words = MappingProxyType(
    {
        "apps": ("[application|applications]", "申请次数"),
        "lenders": ("[lender|lenders] asked", "申请机构数"),
        "new_lenders": ("[lender|lenders] asked for the first time", "首次申请机构数"),
        "approved": ("[approval|approvals]", "获批次数"),
        "rejected": ("[rejection|rejections]", "被拒次数"),
        "disbursed": ("[disbursement|disbursements]", "放款次数"),
        "amount": ("CNY asked for", "申请金额"),
        "disbursed_amount": ("CNY paid out", "放款金额"),
    }
)
RHYTHM_WORDS: Words = MappingProxyType(
    {
        "active_months": ("[month|months] with applications", "有申请的月数"),
        "mean_per_active_month": ("applications in a month with any", "有申请月份的月均申请次数"),
        "max_month": ("applications in the busiest month", "单月最大申请次数"),
        "min_month": ("applications in the quietest month with any", "有申请月份的单月最小申请次数"),
        "max_gap_days": ("days in the longest gap between two applications", "申请最大间隔天数"),
        "min_gap_days": ("days in the shortest gap between two applications", "申请最小间隔天数"),
        "first_days_ago": ("days since the first application", "首次申请距今天数"),
        "last_days_ago": ("days since the latest application", "最近一次申请距今天数"),
        "run_length": ("applications in the last run of days", "最近连续申请次数"),
        "run_days": ("days in the last run of days with applications", "最近连续申请天数"),
        "acceleration": ("of the last 30 days' applications came in the last 7", "近7天申请占近30天比例"),
        **{
            f"burst_{hours}h": (
                f"applications within {hours} [hour|hours] in the last 14 days".replace(
                    "[hour|hours]", "hour" if hours == 1 else "hours"
                ),
                f"近14天任意{hours}小时内最多申请次数",
            )
            for hours in (1, 3, 6, 12, 24)
        },
    }
)
RELATION_WORDS: Words = MappingProxyType(
    {
        "id_phones": ("[number|numbers] used with this national id", "同一身份证关联手机号数"),
        "id_devices": ("[device|devices] used with this national id", "同一身份证关联设备数"),
        "id_cards": ("[card|cards] used with this national id", "同一身份证关联银行卡数"),
        "id_addresses": ("[address|addresses] used with this national id", "同一身份证关联地址数"),
        "phone_ids": ("national [id|ids] used with this number", "同一手机号关联身份证数"),
        "device_ids": ("national [id|ids] used with this device", "同一设备关联身份证数"),
        "card_ids": ("national [id|ids] used with this card", "同一银行卡关联身份证数"),
        "phone_as_contact_of": (
            "[other names|others name] this number as a contact's",
            "手机号被他人列为联系人人数",
        ),
    }
)
_UNITS: Mapping[str, Unit] = {"mean_per_active_month": "ratio", "acceleration": "share"}


@dataclass(frozen=True, slots=True)
class Description:
    """A variable in words: its reason code, and texts as `graph.features.registry.render_text` takes them."""

    code: str
    text_en: str
    text_zh: str
    unit: Unit = "count"

    def texts(self, value: float) -> tuple[str, str]:
        """The reason in English and in Chinese, its value filled in."""
        return render_text(self.text_en, value, self.unit), render_text(self.text_zh, value, self.unit)


def describe(name: str) -> Description:
    """The reason code and texts of a variable. Raises KeyError for a name that is not in the grammar."""
    one = variable(name)
    text_en, text_zh = _texts(one)
    return Description(name.upper(), text_en, text_zh, unit_of(one))


def unit_of(one: Variable) -> Unit:
    """What its values are."""
    if one.stat in _UNITS:
        return _UNITS[one.stat]
    return "days" if "days" in one.stat else "count"


def _texts(one: Variable) -> tuple[str, str]:
    window_en, window_zh = WINDOW_WORDS.get(one.window, ("", ""))
    if one.family in ("relation", "change"):
        relation_en, relation_zh = RELATION_WORDS[one.key]
        if one.family == "change":
            return (
                f"{{value}} days since the latest new one of: {relation_en}",
                f"{relation_zh}最近变化距今{{value}}天",
            )
        return f"{{value}} {relation_en} in {window_en}", f"近{window_zh}{relation_zh}为{{value}}"
    key_en, key_zh = KEY_WORDS[one.key]
    if one.family == "count":
        (stat_en, stat_zh), (segment_en, segment_zh) = STAT_WORDS[one.stat], SEGMENT_WORDS[one.segment]
        return (
            f"{{value}} {stat_en}{segment_en} in {window_en} with {key_en}",
            f"{key_zh}近{window_zh}{segment_zh}{stat_zh}为{{value}}",
        )
    stat_en, stat_zh = RHYTHM_WORDS[one.stat]
    within_en, within_zh = (f" in {window_en}", f"近{window_zh}") if window_en else ("", "")
    return f"{{value}} {stat_en}{within_en} with {key_en}", f"{key_zh}{within_zh}{stat_zh}为{{value}}"
