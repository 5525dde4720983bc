"""Masked names of nodes, as evidence shows them."""

from __future__ import annotations

from graph.model.erasure import SHOWN, masked_tail


def masked_node(node: str) -> str:
    """A node's name with its key masked: `device:***7f2a`, `applicant:***2c`; a ring's name says nothing
    about anybody and stays.
    """
    kind, _, key = node.partition(":")
    if kind == "ring":
        return node
    return f"{kind}:***{masked_tail(key, SHOWN // 2 if kind in ('applicant', 'application') else SHOWN)}"
