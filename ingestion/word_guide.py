"""What the contract's words mean, for people: a sentence each in English and in Chinese."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType

Words = Mapping[str, tuple[str, str]]

WORDS: Mapping[str, Words] = MappingProxyType(
    {
        "platforms.type": {
            "bank_traditional": ("a bank with branches", "传统银行"),
            "bank_online": ("a bank that lends through the internet alone", "互联网银行、民营银行"),
            "consumer_finance": ("a licensed consumer finance company", "消费金融公司"),
            "network_microloan": ("a microloan company that lends through the internet", "网络小贷公司"),
            "microloan": ("any other microloan company", "小额贷款公司"),
            "p2p": ("a marketplace between persons", "P2P 网贷平台"),
            "auto_finance": ("a lender for cars", "汽车金融公司"),
            "leasing": ("a lender that leases things out", "融资租赁公司"),
            "other": ("any other lender", "其他机构"),
        },
        "outcomes.status": {
            "approved": ("the lender agreed; nothing is paid out by that", "审批通过"),
            "rejected": ("the lender refused", "审批拒绝"),
            "withdrawn": ("the applicant took it back before the pay-out", "申请人撤回"),
            "disbursed": ("paid out: `amount`, or what was asked for; from here on it is exposure", "已放款"),
            "returned": (
                "sent back; within 7 days of the pay-out it is neither shopping nor stacking",
                "退回（冷静期内不计多头）",
            ),
            "dpd30": ("30 days past due: late", "逾期 30 天"),
            "dpd90": ("90 days past due: in default", "逾期 90 天（违约）"),
            "written_off": ("written off: in default", "核销（违约）"),
            "closed": ("paid back: no exposure any more", "结清"),
        },
        "labels.label": {
            "fraud": ("somebody concluded that it is fraud", "确认欺诈"),
            "good": (
                "somebody looked and concluded that it is not; a loan that is merely paid back is no label",
                "确认非欺诈",
            ),
        },
        "contacts.relation": {
            "self": ("another number of the applicant's own", "本人"),
            "spouse": ("husband or wife", "配偶"),
            "parent": ("father or mother", "父母"),
            "relative": ("anybody else of the family, children too", "亲属（含子女、兄弟姐妹）"),
            "friend": ("a friend", "朋友"),
            "colleague": ("from the same work", "同事"),
            "other": ("anybody else", "其他"),
        },
        "events.kind": {
            "transfer": ("money to `counterparty_id`; a tie between the two", "转账"),
            "withdrawal": ("money that leaves the account", "提现"),
            "repayment": ("money paid back on a loan", "还款"),
            "payment": ("money paid to a shop", "支付"),
            "profile_change": ("the applicant changed their own data", "修改资料"),
            "referral": ("the applicant brought `counterparty_id`; a tie between the two", "推荐"),
        },
    }
)
