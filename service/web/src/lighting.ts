// Which of the drawn nodes a reason's path goes along.
import type { Core, NodeSingular } from "cytoscape";
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
