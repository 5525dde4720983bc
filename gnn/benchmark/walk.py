"""Walks a graph around a subject as of its moment, in compiled code: the network's neighbourhoods, and sums
by relation for trees.
"""

from __future__ import annotations

import math

import numpy as np
import numpy.typing as npt

from gnn.benchmark.web import Web
from gnn.graphs.packed import PackedGraphs
from graph.kernels.compiled import compiled, inner

Floats = npt.NDArray[np.float64]
Index = npt.NDArray[np.int64]

NODES, LINKS = 64, 256  # of one neighbourhood, at most
_NEAR, _FAR = (
    3,
    2,
)  # links of a subject in one slot that the network sees, and of a neighbour
_WIDE, _DEEP = 60, 200  # links of a subject in one slot that sums go over, and of a neighbour
_TRAIN, _VAL, _TEST = 0, 1, 2
# by slot: links; age of the newest; bad and good neighbours and all; the same two steps away; the share of
# bad ones there, among the latest, and the newest label
SLOT_COLUMNS = (
    "links", "newest", "bad", "good", "far", "far_bad", "far_good", "far_share", "far_recent", "far_last",
)  # fmt: skip
_FADE = 0.85


@inner
def _start(web: Web, place: int, moment: float, own: bool) -> int:
    """Where in a slot the links begin that are seen at a moment: the subject's own up to it, others
    before.
    """
    a, b = int(web.begin[place]), int(web.begin[place + 1])
    if not web.dated:
        return a
    while a < b:
        middle = (a + b) // 2
        if web.when[middle] < moment or (own and web.when[middle] == moment):
            b = middle
        else:
            a = middle + 1
    return a


@inner
def visible_label(web: Web, subject: int, node: int) -> int:
    """The label of a node as it may be known where `subject` is looked at; -1 where it may not. The subject's
    own is hidden.
    """
    if node == subject or web.label[node] < 0:
        return -1
    if web.dated and not web.at[node] < web.at[subject]:
        return -1
    if web.delayed:
        return int(web.label[node]) if web.known_at[node] < web.at[subject] else -1
    if web.split[node] == _TRAIN:
        same = web.split[subject] == _TRAIN and web.fold[node] == web.fold[subject]
        return -1 if same and not web.dated else int(web.label[node])
    return int(web.label[node]) if web.split[node] == _VAL and web.split[subject] == _TEST else -1


@inner
def _seen(web: Web, node: int, moment: float) -> bool:
    return bool(not web.dated or web.at[node] < moment or web.at[node] == -np.inf)


@inner
def _age(web: Web, moment: float, when: float) -> float:
    """The logarithm of an age, 0 where nothing has a time."""
    if not web.dated or not math.isfinite(when) or not math.isfinite(moment):
        return 0.0
    return math.log1p(max(moment - when, 0.0) / web.unit)


@compiled
def neighbourhoods(web: Web, subjects: Index, near: int, far: int, out: PackedGraphs) -> None:
    """Write the neighbourhoods of the subjects into `out`, which has room for NODES and LINKS of each: the
    latest `near` links of a subject in each slot, and `far` ones of a neighbour.
    """
    slots = (len(web.begin) - 1) // len(web.kind)
    row_of = np.full(len(web.kind), -1, np.int64)
    taken = np.zeros(len(web.ends), np.bool_)
    nodes, steps = np.empty(NODES, np.int64), np.empty(NODES, np.int64)
    links = np.empty(LINKS, np.int64)
    for place in range(len(subjects)):
        subject = subjects[place]
        moment = web.at[subject]
        nodes[0], steps[0], row_of[subject] = subject, 0, 0
        many, tied, looked = 1, 0, 0
        while looked < many:
            node, step = nodes[looked], steps[looked]
            looked += 1
            if step == 2:
                break
            for slot in range(slots):
                at = node * slots + slot
                first = _start(web, at, moment, step == 0)
                last = min(web.begin[at + 1], first + (near if step == 0 else far))
                for position in range(first, last):
                    other, link = web.other[position], web.link[position]
                    if taken[link] or tied == LINKS or not _seen(web, other, moment):
                        continue
                    if row_of[other] < 0:
                        if many == NODES:
                            continue
                        nodes[many], steps[many], row_of[other] = other, step + 1, many
                        many += 1
                    taken[link] = True
                    links[tied] = link
                    tied += 1
        _write(web, subject, nodes[:many], steps, links[:tied], row_of, out, place)
        for k in range(many):
            row_of[nodes[k]] = -1
        for k in range(tied):
            taken[links[k]] = False


@inner
def _write(
    web: Web,
    subject: int,
    nodes: Index,
    steps: Index,
    links: Index,
    row_of: Index,
    out: PackedGraphs,
    place: int,
) -> None:
    """One neighbourhood, nodes and links by type."""
    slots, moment = (len(web.begin) - 1) // len(web.kind), web.at[subject]
    base, tie = out.nodes[place], out.links[place]
    row = 0
    out.first[place, 0] = 0
    for kind in range(out.first.shape[1] - 1):
        for k in range(len(nodes)):
            node = nodes[k]
            if web.kind[node] != kind:
                continue
            row_of[node] = row
            values = out.rows[base + row]
            values[:] = web.rows[node]
            values[0], values[1], values[2] = (
                steps[k] == 0,
                steps[k] == 1,
                steps[k] == 2,
            )
            values[3] = _age(web, moment, web.at[node])
            degree = 0
            for slot in range(slots):
                at = node * slots + slot
                degree += web.begin[at + 1] - _start(web, at, moment, steps[k] == 0)
            values[4] = math.log1p(float(degree))
            label = visible_label(web, subject, node)
            values[5], values[6] = label == 1, label == 0
            out.origin[base + row] = node
            row += 1
        out.first[place, kind + 1] = row
    written = 0
    out.sorts[place, 0] = 0
    for sort in range(out.sorts.shape[1] - 1):
        for k in range(len(links)):
            link = links[k]
            if web.sort[link] == sort:
                out.ends[tie + written, 0] = row_of[web.ends[link, 0]]
                out.ends[tie + written, 1] = row_of[web.ends[link, 1]]
                out.marks[tie + written, 0] = 0.0
                written += 1
        out.sorts[place, sort + 1] = written
    out.nodes[place + 1], out.links[place + 1] = base + len(nodes), tie + len(links)
    out.has_application[place] = 0


@compiled
def sums(
    web: Web,
    x: Floats,
    subjects: Index,
    usual: float,
    by_slot: Floats,
    near: Floats,
    far: Floats,
) -> None:
    """Write for each subject the columns of each slot (N, S, len(SLOT_COLUMNS)), and the sums of `x` one and
    two steps away, by slot (N, S, features + 1); the last column of both is how many were summed.

    `usual`: the share of bad ones that a share is drawn to where little is known.
    """
    slots = (len(web.begin) - 1) // len(web.kind)
    stamp = np.full(len(web.kind), -1, np.int64)
    for place in range(len(subjects)):
        subject = subjects[place]
        moment = web.at[subject]
        for slot in range(slots):
            at, mark = subject * slots + slot, place * slots + slot
            first = _start(web, at, moment, True)
            out = by_slot[place, slot]
            out[:] = 0.0
            out[0] = web.begin[at + 1] - first
            out[1] = _age(web, moment, web.when[first]) if out[0] > 0 else np.nan
            out[9] = np.nan
            stamp[subject] = mark
            recent_bad, recent, newest = 0.0, 0.0, -np.inf
            for position in range(first, min(web.begin[at + 1], first + _WIDE)):
                node = web.other[position]
                if stamp[node] == mark or not _seen(web, node, moment):
                    continue
                stamp[node] = mark
                label = visible_label(web, subject, node)
                out[2] += label == 1
                out[3] += label == 0
                _add(x, node, near[place, slot])
                for way in range(slots):
                    beyond = node * slots + way
                    start, weight = _start(web, beyond, moment, False), 1.0
                    for step in range(start, min(web.begin[beyond + 1], start + _DEEP)):
                        other = web.other[step]
                        if stamp[other] == mark or not _seen(web, other, moment):
                            continue
                        stamp[other] = mark
                        label = visible_label(web, subject, other)
                        out[4] += 1
                        _add(x, other, far[place, slot])
                        if label >= 0:
                            out[5] += label
                            out[6] += 1 - label
                            recent_bad += weight * label
                            recent += weight
                            weight *= _FADE
                            if web.when[step] > newest:
                                newest, out[9] = web.when[step], label
            out[7] = (out[5] + 2 * usual) / (out[5] + out[6] + 2) if out[5] + out[6] > 0 else np.nan
            out[8] = (recent_bad + 0.5 * usual) / (recent + 0.5) if recent > 0 else np.nan


@inner
def _add(x: Floats, node: int, out: Floats) -> None:
    for k in range(x.shape[1]):
        if not math.isnan(x[node, k]):
            out[k] += x[node, k]
    out[x.shape[1]] += 1
