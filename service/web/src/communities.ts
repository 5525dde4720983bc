// Who belongs together in a drawing: by the ring that the weekly review found, or by the drawing's own communities (Louvain).
import Graph from "graphology";
import louvain from "graphology-communities-louvain";
import type { DrawnEdge, DrawnNode } from "./api";
import type { Grouping } from "./work";

export interface Group {
  id: string;
  ring: string; // empty for a community of the drawing
  nodes: string[];
}

/** Groups of two people or more with the things that they alone share. */
export function groupsOf(nodes: DrawnNode[], edges: DrawnEdge[], by: Grouping): Group[] {
  if (by === "") return [];
  const people = by === "ring" ? ringsOf(nodes) : communitiesOf(nodes, edges);
  const around = new Map<string, Set<string | undefined>>();
  const persons = new Set(nodes.flatMap((node) => (node.type === "applicant" ? [node.id] : [])));
  for (const edge of edges) {
    for (const [thing, person] of [[edge.a, edge.b], [edge.b, edge.a]] as [string, string][]) {
      if (!persons.has(thing) && persons.has(person)) around.set(thing, (around.get(thing) ?? new Set()).add(people.get(person)));
    }
  }
  const members = new Map<string, string[]>();
  const put = (group: string | undefined, node: string): void => {
    if (group !== undefined) members.set(group, [...(members.get(group) ?? []), node]);
  };
  for (const [person, group] of people) put(group, person);
  for (const [thing, groups] of around) if (groups.size === 1) put([...groups][0], thing);
  return [...members].filter(([, all]) => all.filter((one) => persons.has(one)).length > 1).map(([id, all]) => ({ id: `group:${id}`, ring: by === "ring" ? id : "", nodes: all }));
}

function ringsOf(nodes: DrawnNode[]): Map<string, string> {
  return new Map(nodes.flatMap((node): [string, string][] => (node.type === "applicant" && node.ring_id ? [[node.id, node.ring_id]] : [])));
}

/** The same drawing has the same communities tomorrow: the search draws no random numbers of its own. Hubs tie nobody. */
function communitiesOf(nodes: DrawnNode[], edges: DrawnEdge[]): Map<string, string> {
  const graph = new Graph({ type: "undirected", multi: false });
  for (const node of nodes) if (!node.hub) graph.addNode(node.id);
  for (const edge of edges) if (graph.hasNode(edge.a) && graph.hasNode(edge.b)) graph.mergeEdge(edge.a, edge.b);
  const found = louvain(graph, { randomWalk: false, getEdgeWeight: null });
  return new Map(nodes.flatMap((node): [string, string][] => (node.type === "applicant" ? [[node.id, String(found[node.id] ?? node.id)]] : [])));
}
