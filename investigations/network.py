"""The network's contribution to the risk as a reason, along the ties whose removal lowers its log-odds
most.
"""

from __future__ import annotations

from math import exp
from types import MappingProxyType
from typing import NamedTuple

from graph.features.path_rules import PathRule
from graph.features.paths.evidence_paths import EvidencePaths, Path
from investigations.assessments import ReasonCode
from investigations.reasons import Candidate, stated

_MOST_LOG_ODDS = 7.0  # a thousand times: more is no more
_TEXT_EN = (
    "The links over {ties} look like those around known frauds: the odds of fraud are {value} times as high "
    "as without any links"
)
_TEXT_ZH = "经{ties}形成的关联与已知欺诈周边的关联相似：欺诈胜率为无关联时的{value}倍"
_WORDS = MappingProxyType(
    {
        "applicant": ("a transfer", "转账"), "national_id": ("a national id", "身份证"),
        "phone": ("a phone number", "手机号"), "device": ("a device", "设备"),
        "bank_card": ("a bank card", "银行卡"), "email": ("an e-mail address", "邮箱"),
        "ip": ("an IP address", "IP"), "wifi": ("a Wi-Fi", "Wi-Fi"), "address": ("an address", "地址"),
        "employer": ("an employer", "单位"),
    }
)  # fmt: skip


class NetworkLinks(NamedTuple):
    """`ties`: the ways over the subject's ties that count most with the network, the heaviest first;
    `weight`: by how much the log-odds would fall without any tie.
    """

    ties: tuple[PathRule, ...] = ()
    weight: float = 0.0


NONE = NetworkLinks()


def shares(links: NetworkLinks, network: float) -> dict[str, float]:
    """What the network adds to the log-odds, by dimension: to the ring what falls away without any link, the
    rest rests on the applicant alone.
    """
    raised = max(network, 0.0)
    over_links = min(raised, links.weight) if links.ties else 0.0
    return {"ring": over_links, "behaviour": raised - over_links}


def network_reason(links: NetworkLinks, network: float, guide: EvidencePaths | None) -> Candidate | None:
    """What the network adds over links as a reason, along the ties that lead to somebody; None where none
    does: then nothing can be shown.
    """
    if guide is None:
        return None
    results = [shown.path for way in links.ties if (shown := guide.by(way)) is not None]
    if not results:
        return None
    words = [_WORDS[kind] for kind in dict.fromkeys(_kind(path) for path in results)]
    *first, last = [en for en, _ in words]
    times = exp(min(links.weight, _MOST_LOG_ODDS))
    code = ReasonCode(
        code="NETWORK_PATTERN",
        dimension="ring",
        text_en=_TEXT_EN.format(
            ties=f"{', '.join(first)} and {last}" if first else last, value=f"{times:.1f}"
        ),
        text_zh=_TEXT_ZH.format(ties="、".join(zh for _, zh in words), value=f"{times:.1f}"),
    )
    return stated(code, shares(links, network)["ring"], round(times, 2), tuple(results))


def _kind(path: Path) -> str:
    """Of what the first link of a path is: an identifier's kind, or `applicant` where it leads straight to
    somebody.
    """
    kinds = [node.partition(":")[0] for node in path.nodes[1:]]
    return next((kind for kind in kinds if kind != "applicant"), "applicant")
