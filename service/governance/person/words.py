"""The words of the page for a person about whom something is held, in English and Chinese."""

from __future__ import annotations

from collections.abc import Mapping

from investigations.review.report_words import CASE_STATES, KINDS, SHARED, VERDICTS, Words
from investigations.watch.alerts import WORDS as ALERTS
from investigations.watch.alerts import AlertCode

TITLE: Words = ("What is held about {who}", "我们保存的关于{who}的信息")
ABOUT: Words = (
    "This page says what is held about this person as of {at} (time zone {zone}). Phone numbers, "
    "devices, cards and other identifiers are shown in part only: in full they are not kept. Nothing here is "
    "about other people.",
    "本页列出截至{at}（时区{zone}）保存的关于本人的信息。手机号、设备、银行卡等标识仅显示部分内容，"
    "完整号码并未保存。本页不含他人信息。",
)
NOTHING: Words = ("Nothing.", "无。")
NUMBERS: Words = ("All figures that were computed for it", "为此计算的全部指标")
REASONS: Words = ("Reasons", "理由")

NOT_INCLUDED: tuple[Words, ...] = (
    (
        "Other people: who shares a phone or a device, who money was sent to, who else is in a group.",
        "他人信息：与谁共用手机号或设备、资金往来对象、群体中的其他成员。",
    ),
    (
        "Notes and files of cases, which may speak of others; above it says how many there are.",
        "案件的备注与附件，其中可能涉及他人；上文列出其数量。",
    ),
    ("Who looked; above it says when and for what.", "查阅人是谁；上文列出查阅时间与用途。"),
    (
        "Phone numbers, cards and ids as they were given: they are kept in a form that cannot be read back.",
        "手机号、银行卡号、证件号的原文：系统仅保存不可还原的形式。",
    ),
)

# By section of the export: its heading, and what it is.
SECTIONS: Mapping[str, tuple[Words, Words]] = {
    "applications": (
        ("Applications for loans", "贷款申请"),
        (
            "Each application, what was named in it, and what became of the loan.",
            "每笔申请、其中填写的内容，以及贷款结果。",
        ),
    ),
    "events": (
        ("Events", "行为记录"),
        ("What else was reported: logins, payments, transfers.", "其他上报的行为：登录、支付、转账等。"),
    ),
    "labels": (
        ("Conclusions about fraud", "欺诈认定"),
        (
            "What somebody concluded about a loan or the person, and since when it is known.",
            "对贷款或本人作出的认定及其获知时间。",
        ),
    ),
    "identifiers": (
        ("Phones, devices, cards and other identifiers", "手机号、设备、银行卡等标识"),
        (
            "What the person used or named, and when first and last.",
            "本人使用或填写过的标识，及首次与最近出现的时间。",
        ),
    ),
    "ring": (
        ("Group", "所属群体"),
        (
            "A weekly computer search puts people together who share a lot; this is the person's group.",
            "系统每周根据共用信息归并人群，以下为本人所在群体。",
        ),
    ),
    "assessments": (
        ("Assessments", "风险评估"),
        (
            "What the computer proposed about an application or a loan, and why. The lender decides.",
            "系统对申请或贷款提出的建议及理由，最终由放贷机构决定。",
        ),
    ),
    "cases": (
        ("Cases", "案件"),
        ("What investigators looked into.", "调查人员处理过的案件。"),
    ),
    "verdicts": (("What investigators concluded", "调查结论"), ("About this person.", "关于本人的结论。")),
    "alerts": (
        ("Alerts", "告警"),
        ("When something about a loan changed after it was paid out.", "放款后情况发生变化时发出的告警。"),
    ),
    "batch_scores": (
        ("Scores of lists", "批量评分"),
        ("When many applications were scored at once.", "批量计算时得到的评分。"),
    ),
    "looks": (
        ("When it was looked at", "查阅记录"),
        ("When somebody looked at this person's data, and for what.", "何时有人查阅过本人信息及其用途。"),
    ),
    "counts": (("How many of what is not shown in full", "未逐条列出的内容数量"), ("", "")),
    "not_included": (("What is not on this page", "本页不含的内容"), ("", "")),
}

NAMES: Mapping[str, Words] = {
    "agent_id": ("Agent", "中介"),
    "about": ("About", "对象"),
    "action": ("What was done", "操作"),
    "alert_id": ("Number of the alert", "告警编号"),
    "amount": ("Amount (CNY)", "金额（元）"),
    "answered_at": ("When", "时间"),
    "application_id": ("Application", "申请编号"),
    "applied_at": ("When", "申请时间"),
    "as_of": ("As of", "截至"),
    "assessment_id": ("Number of the assessment", "评估编号"),
    "at": ("When", "时间"),
    "attributes": ("Other columns of the lender", "机构提供的其他字段"),
    "birth_year": ("Year of birth", "出生年份"),
    "by": ("Reported by", "上报方"),
    "case_id": ("Case", "案件编号"),
    "channel": ("Channel", "渠道"),
    "city": ("City", "城市"),
    "client": ("Asked by", "请求方"),
    "code": ("What it says", "内容"),
    "contribution": ("Weight", "影响"),
    "decision": ("Proposal", "建议"),
    "detail": ("Words", "说明"),
    "event_id": ("Event", "记录编号"),
    "face_match": ("Match of the face (0 to 1)", "人脸比对得分（0至1）"),
    "files": ("Files", "文件数"),
    "idempotency_keys": ("Names of requests that were kept against doubles", "防止重复的请求标记"),
    "in_shadow": ("What models on trial said beside it", "试运行模型的并行结果"),
    "joined_at": ("Since", "加入时间"),
    "kind": ("Kind", "类型"),
    "known_at": ("Known since", "获知时间"),
    "label": ("Conclusion", "认定"),
    "last": ("Last", "最近"),
    "lender_type": ("Kind of lender", "机构类型"),
    "level": ("How complete", "完整程度"),
    "liveness": ("Liveness of the face (0 to 1)", "活体检测得分（0至1）"),
    "masked": ("Shown in part", "部分显示"),
    "mentions": ("Named in it", "其中填写的标识"),
    "merchant_id": ("Merchant", "商户"),
    "messages_to_webhooks": ("Messages to the lender's programs", "发送给机构系统的消息"),
    "model_version": ("Version of the model", "模型版本"),
    "new_citizen": ("New to the city", "新市民"),
    "notes": ("Notes", "备注数"),
    "opened_at": ("Opened", "立案时间"),
    "outcomes": ("What became of it", "贷款结果"),
    "phone_three_element": ("Name, id and phone agree", "手机三要素一致"),
    "platform_id": ("Lender", "放贷机构"),
    "policy_version": ("Version of the policy", "策略版本"),
    "probability": ("Chance of fraud (0 to 1)", "欺诈概率（0至1）"),
    "product": ("Product", "产品"),
    "purpose": ("For what", "用途"),
    "reason_codes": ("Reasons", "原因"),
    "ring_id": ("Group", "群体编号"),
    "role": ("Whose", "角色"),
    "saved_views": ("Saved drawings", "保存的视图"),
    "score": ("Score (0 to 1000, higher is riskier)", "评分（0至1000，越高风险越大）"),
    "scored_at": ("Scored", "评分时间"),
    "since": ("First", "首次"),
    "size": ("People in it", "人数"),
    "snapshot": ("Weekly search", "所属周次"),
    "source": ("Said by", "来源"),
    "stage": ("Stage of the loan", "贷款阶段"),
    "state": ("State", "状态"),
    "status": ("What", "结果"),
    "steps": ("Steps", "经过"),
    "term_months": ("Months", "期限（月）"),
    "value": ("Conclusion", "结论"),
    "with_somebody_else": ("With somebody else", "涉及他人"),
}

VALUES: Mapping[str, Words] = {
    **{str(code): words for code, words in ALERTS.items()},
    **{str(kind): words for kind, words in KINDS.items()},
    **SHARED,
    **{str(state): words for state, words in CASE_STATES.items()},
    **{str(value): words for value, words in VERDICTS.items()},
    "True": ("yes", "是"),
    "False": ("no", "否"),
    "approve": ("approve", "通过"),
    "review": ("a person should look", "建议人工审核"),
    "decline": ("decline", "建议拒绝"),
    "application": ("application", "申请时"),
    "disbursement": ("before the pay-out", "放款前"),
    "monitoring": ("after the pay-out", "贷后监控"),
    "full": ("complete", "完整"),
    "no_model": ("without the model", "未使用模型"),
    "no_graph": ("without links to others", "未使用关联"),
    "rules_only": ("rules alone", "仅使用规则"),
    "own": ("their own", "本人"),
    "contact": ("named as a contact", "填写为联系人"),
    "core": ("core", "核心成员"),
    "member": ("member", "成员"),
    "fringe": ("fringe", "边缘成员"),
    "fraud": ("fraud", "欺诈"),
    "good": ("no fraud", "非欺诈"),
    "approved": ("approved", "已批准"),
    "rejected": ("rejected", "已拒绝"),
    "withdrawn": ("withdrawn", "已撤回"),
    "disbursed": ("paid out", "已放款"),
    "returned": ("sent back within the cooling-off period", "冷静期内退回"),
    "dpd30": ("30 days late", "逾期30天"),
    "dpd90": ("90 days late", "逾期90天"),
    "written_off": ("written off", "已核销"),
    "closed": ("closed", "已结清或结案"),
    "bank_traditional": ("bank", "传统银行"),
    "bank_online": ("online bank", "互联网银行"),
    "consumer_finance": ("consumer finance company", "消费金融公司"),
    "network_microloan": ("online micro-lender", "网络小贷公司"),
    "microloan": ("micro-lender", "小贷公司"),
    "p2p": ("P2P lender", "P2P平台"),
    "auto_finance": ("car finance company", "汽车金融公司"),
    "leasing": ("leasing company", "融资租赁公司"),
    "other": ("other", "其他"),
    "login": ("login", "登录"),
    "device_use": ("use of a device", "使用设备"),
    "card_bind": ("a card added", "绑定银行卡"),
    "withdrawal": ("money taken out", "提现"),
    "repayment": ("money paid back", "还款"),
    "payment": ("payment at a shop", "商户消费"),  # an event; in SHARED it is what a group has in common
    "profile_change": ("own data changed", "修改资料"),
    "cash": ("cash loan", "现金贷"),
    "cash_inst": ("cash loan in instalments", "现金分期"),
    "off_inst": ("instalments at a shop", "线下分期"),
    "cons_inst": ("instalments online", "消费分期"),
    "card": ("credit card", "信用卡"),
    "auto": ("car loan", "车贷"),
    "investigation": ("an investigation", "调查"),
    "looked": ("looked at", "查看"),
    "searched": ("searched for", "搜索"),
    "opened": ("opened", "立案"),
    "assigned": ("given to somebody", "指派"),
    "note": ("note written", "备注"),
    "verdict": ("concluded", "作出结论"),
    AlertCode.NEIGHBOUR_CONFIRMED: (
        "Somebody who shares something with the borrower is known for fraud",
        "与借款人有共用信息的人已被确认欺诈",
    ),
    AlertCode.RING_JOINED: ("The borrower is now in a group taken for a fraud", "借款人现属于被标记的群体"),
    AlertCode.RING_MERGED: (
        "A group taken for a fraud has merged with others",
        "被标记的群体已与其他群体合并",
    ),
    AlertCode.RING_GREW: ("A group taken for a fraud has grown", "被标记的群体新增成员"),
    AlertCode.RING_MEMBER_CONFIRMED: (
        "A member of the borrower's group is known for fraud",
        "借款人所在群体有成员被确认欺诈",
    ),
    AlertCode.LENDERS_BURST: (
        "The borrower asked several other lenders soon after the pay-out",
        "放款后短期内借款人又向多家其他机构申请",
    ),
    "somebody else": ("somebody else", "他人"),
    "the person": ("the person", "本人"),
    "a ring that the person belongs to": ("a group that the person belongs to", "本人所在群体"),
}
"""What a value that is a word means; others, as ids and names, stand as they are."""
