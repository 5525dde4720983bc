// Which of the drawn nodes a reason is about.
import type { Core, NodeCollection, NodeSingular } from "cytoscape";
import { drawnOf, fits } from "./elements";

/** The drawn nodes along a path of masked names, each next to the one before; none where there is no such way. */
export function follow(graph: Core, wanted: string[], so: string[]): string[] {
  const name = wanted[so.length];
  if (name === undefined) return so;
  const before = so.length ? graph.getElementById(so[so.length - 1] as string).neighborhood().nodes() : graph.nodes().not(".group");
  for (const node of before.toArray()) {
    if (so.includes(node.id()) || !fits(drawnOf(node as NodeSingular), name)) continue;
    const rest = follow(graph, wanted, [...so, node.id()]);
    if (rest.length) return rest;
  }
  return [];
}

/** These, and the people next to them. */
export function around(chosen: NodeCollection): string[] {
  return [...chosen.toArray(), ...chosen.neighborhood(".person").toArray()].map((node) => node.id());
}

/** A person with what is next to them of that kind, and the people beyond it; the person alone where there is nothing of it. */
export function near(graph: Core, id: string, selector: string): string[] {
  if (!selector) return [id];
  return [id, ...around(graph.getElementById(id).neighborhood(selector).not(".hub") as NodeCollection)];
}
