"""Compare two stores of the same facts, counted: evidence, signals, variables and probabilities of applications or events, and the rings."""

from __future__ import annotations

import argparse
import sys
from collections import Counter
from datetime import datetime
from random import Random

from graph import multi_lending, signals
from graph.evidence import Evidence, Subject, subject_of
from graph.moments import moment
from graph.store import GraphStore, GraphView
from ingestion.progress import Progress
from service.command import ended
from service.deadline import Pace, Stopwatch
from service.look import look
from service.settings import Settings
from service.wiring import load_scorer, moment_given, open_existing, open_store, policy_for

UNHURRIED_MS = 1e9
EXAMPLE = """example:
  .venv/bin/python scripts/compare_stores.py sqlite:///ringfence.db neo4j://neo4j:secret@localhost:7687/neo4j --model models/first"""


def main() -> int:
    """Exit status: 0 compared (the last line says what differs), 1 failed on the way, 2 unusable arguments."""
    parser = argparse.ArgumentParser(description=__doc__, epilog=EXAMPLE, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("first", help="URL of a store")
    parser.add_argument("second", help="URL of a store that was told the same (scripts/copy_store.py)")
    parser.add_argument("--model", help="folder of a model bundle: probabilities are compared as well")
    parser.add_argument("--applications", type=int, default=2000, help="how many are compared, each as of its own moment (default 2000)")
    parser.add_argument("--seed", type=int, default=1, help="of the choice of applications (default 1)")
    parser.add_argument("--until", default="2100-01-01", help="rings and applications before this moment (default 2100-01-01)")
    options = parser.parse_args()

    def run() -> dict[str, object]:
        settings = Settings.from_environment()
        with open_existing(options.first) as first, open_store(options.second) as second:
            return _compared((first, second), options, moment_given(settings, options.until), settings)

    return ended("compare_stores", run)


def _compared(stores: tuple[GraphStore, GraphStore], options: argparse.Namespace, until: datetime, settings: Settings) -> dict[str, object]:
    scorer = load_scorer(options.model) if options.model else None
    policy = policy_for(settings, scorer)
    marks = [store.mark() for store in stores]
    equal: Counter[str] = Counter()
    cases = _cases(stores[0].view(until), options.applications, Random(options.seed))
    with Progress("compare", len(cases)) as progress:
        for at, subject in cases:
            views = [store.view(at, marks[0]) for store in stores]
            one, other = (_read(view.evidence_of(subject)) for view in views)
            equal.update(name for name in one if one[name] == other[name])
            if scorer is not None:
                seen = [look(view, subject, scorer, Stopwatch(Pace(), UNHURRIED_MS)) for view in views]
                equal["probabilities"] += seen[0].findings.probability == seen[1].findings.probability
                equal["conclusions"] += policy.conclude(seen[0].findings) == policy.conclude(seen[1].findings)
            progress.step(1)
    snapshots = [store.view(until).rings() for store in stores]
    rings = {"rings": len(snapshots[0].rings) if snapshots[0] else 0, "rings_equal": snapshots[0] == snapshots[1]}
    return {"marks": marks, "compared": len(cases), "equal": dict(sorted(equal.items())), **rings}


def _cases(view: GraphView, count: int, random: Random) -> list[tuple[datetime, Subject]]:
    """A sample of the applications, each as of its own moment; where there are none, of the events and who did them."""
    cases = [(a.applied_at, subject_of(a)) for a in view.applications(moment(0))]
    if not cases:
        tables = view.tables()
        who, at = tables.events["applicant"], tables.events["at"]
        cases = [(moment(int(at[n])), Subject(applicant_id=str(tables.applicant_ids[who[n]]))) for n in range(len(at))]
    return random.sample(cases, min(count, len(cases)))


def _read(evidence: Evidence) -> dict[str, object]:
    """What is compared of the evidence of one subject."""
    reading = signals.read(evidence)
    graph = evidence.graph
    return {
        "neighbourhoods": (graph.graph, list(graph.nodes(data=True)), {frozenset((a, b)): told for a, b, told in graph.edges(data=True)}),
        "facts": tuple(getattr(evidence, name) for name in Evidence.__dataclass_fields__ if name != "graph"),
        "signals": [(signal.name, repr(signal.value)) for signal in signals.measured(reading)],
        "variables": {name: repr(value) for name, value in multi_lending.compute(evidence, reading.entity).variables.items()},
    }


if __name__ == "__main__":
    sys.exit(main())
