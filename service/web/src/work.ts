// What somebody has done with a drawing: left out, hidden, pinned, grouped. A step back is the value before.
import type { DrawnEdge, DrawnNode, Drawing } from "./api";
import type { Point } from "./layout";

export type Grouping = "" | "ring" | "community";

export interface Work {
  kinds: string[]; // kinds of ties that are left out
  from: string; // days (2026-01-05) between which a tie held, empty for no bound
  to: string;
  hidden: string[];
  pinned: string[];
  group: Grouping;
}

/** All that an investigator made of a drawing: whatever a step back has to bring again. */
export interface Made {
  opened: string[];
  tied: Drawing | null; // paths that were brought in
  work: Work;
  places: Record<string, Point>;
}

export const NOTHING: Work = { kinds: [], from: "", to: "", hidden: [], pinned: [], group: "" };

/** What a tie is: the kind of thing that is shared, or between two people what passed between them. */
export function kindOf(edge: DrawnEdge, types: Map<string, string>): string {
  const [a, b] = [types.get(edge.a) ?? "", types.get(edge.b) ?? ""];
  if (a === "application" || b === "application") return "application";
  if (a === "applicant" && b === "applicant") return edge.role;
  return a === "applicant" ? b : a;
}

/** Whether a tie held at some moment between two days; one without days is of this moment alone and always held. */
function held(edge: DrawnEdge, work: Work): boolean {
  if (edge.since === null) return true;
  const since = edge.since.slice(0, 10);
  const last = (edge.last ?? edge.since).slice(0, 10);
  return (work.to === "" || since <= work.to) && (work.from === "" || last >= work.from);
}

/** Of each kind of tie how many are drawn, the most frequent first. */
export function kindsIn(nodes: DrawnNode[], edges: DrawnEdge[]): [string, number][] {
  const types = new Map(nodes.map((node) => [node.id, node.type]));
  const counts = new Map<string, number>();
  for (const edge of edges) {
    const kind = kindOf(edge, types);
    if (kind !== "application") counts.set(kind, (counts.get(kind) ?? 0) + 1);
  }
  return [...counts].sort((a, b) => b[1] - a[1] || a[0].localeCompare(b[0]));
}

/** The ties that stand, by their place among `edges`. */
export function standing(nodes: DrawnNode[], edges: DrawnEdge[], work: Work): Set<number> {
  const types = new Map(nodes.map((node) => [node.id, node.type]));
  const [left, hidden] = [new Set(work.kinds), new Set(work.hidden)];
  const kept = edges.flatMap((edge, index) => {
    const there = !hidden.has(edge.a) && !hidden.has(edge.b);
    return there && !left.has(kindOf(edge, types)) && held(edge, work) ? [index] : [];
  });
  return new Set(kept);
}

/** Nodes that are not shown: hidden ones, and those whose every tie is left out, the searched and the pinned excepted. */
export function leftOut(nodes: DrawnNode[], edges: DrawnEdge[], work: Work, seed: string): Set<string> {
  const stand = standing(nodes, edges, work);
  const [tied, drawn] = [new Set<string>(), new Set<string>()];
  edges.forEach((edge, index) => {
    for (const end of [edge.a, edge.b]) {
      drawn.add(end);
      if (stand.has(index)) tied.add(end);
    }
  });
  const kept = new Set([seed, ...work.pinned]);
  const hidden = new Set(work.hidden);
  return new Set(nodes.flatMap((node) => (hidden.has(node.id) || (drawn.has(node.id) && !tied.has(node.id) && !kept.has(node.id)) ? [node.id] : [])));
}

/** Steps back and on again. */
export class Steps {
  private past: Made[] = [];
  private future: Made[] = [];

  did(before: Made): void {
    this.past = [...this.past, before].slice(-50);
    this.future = [];
  }

  back(now: Made): Made | null {
    const before = this.past.pop() ?? null;
    if (before) this.future.push(now);
    return before;
  }

  on(now: Made): Made | null {
    const after = this.future.pop() ?? null;
    if (after) this.past.push(now);
    return after;
  }

  clear(): void {
    this.past = [];
    this.future = [];
  }

  get can(): { back: boolean; on: boolean } {
    return { back: this.past.length > 0, on: this.future.length > 0 };
  }
}
