// Nodes and ties as cytoscape takes them, and back.
import type { ElementDefinition } from "cytoscape";
import type { DrawnEdge, DrawnNode } from "./api";
import { colour, icon } from "./looks";
import { labelOf } from "./scores";

const THINGS = new Set(["phone", "device", "bank_card", "national_id", "email", "ip", "wifi", "address", "employer", "merchant", "agent"]);
const TIES = new Set(["own", "contact", "employer", "applied"]);

export function nodeClasses(node: DrawnNode, seed: string): string[] {
  const classes = [node.type, node.type === "applicant" ? "person" : "", THINGS.has(node.type) ? "thing" : ""];
  if (node.ring_id) classes.push(node.ring_flagged ? "flagged" : "grouped", node.ring_role ?? "");
  if (node.bad) classes.push("bad");
  if (node.hub) classes.push("hub");
  if (node.score) classes.push("scored");
  if (node.id === seed) classes.push("seed");
  return classes.filter(Boolean);
}

export function nodeElement(node: DrawnNode, seed: string): ElementDefinition {
  const data = { id: node.id, label: labelOf(node), colour: colour(node.type), icon: icon(node.type), drawn: node };
  return { group: "nodes", data, classes: nodeClasses(node, seed).join(" ") };
}

export function edgeElement(edge: DrawnEdge): ElementDefinition {
  const classes = TIES.has(edge.role) ? edge.role : "event";
  return { group: "edges", data: { id: edgeId(edge), source: edge.a, target: edge.b, drawn: edge }, classes };
}

export function drawnOf(node: { data(name: string): unknown }): DrawnNode {
  return node.data("drawn") as DrawnNode;
}

export function drawnTie(edge: { data(name: string): unknown }): DrawnEdge {
  return edge.data("drawn") as DrawnEdge;
}

/** A node told twice: what only one telling knows is kept. */
export function joined(before: DrawnNode | undefined, node: DrawnNode): DrawnNode {
  return before ? { ...node, holders: node.holders ?? before.holders, hub: node.hub ?? before.hub } : node;
}

/** Whether a drawn node may be the one of a masked name: of its kind, and ending alike. */
export function fits(node: DrawnNode, name: string): boolean {
  const at = name.indexOf(":");
  const [kind, key] = [name.slice(0, at), name.slice(at + 1)];
  if (node.id === name) return true;
  return node.type === kind && key.startsWith("***") && node.id.endsWith(key.slice(3));
}

export function edgeId(edge: DrawnEdge): string {
  return [edge.a, edge.b].sort().join(" | ");
}

/** What a reason about a person points at among what is next to them: DEVICE_SHARED_7D at devices. */
export function pointsNear(code: string): string {
  const kinds: [RegExp, string][] = [
    [/DEVICE|EMULATOR/, "node.device"],
    [/PHONE|CONTACT/, "node.phone"],
    [/CARD|ACCOUNT/, "node.bank_card"],
    [/WIFI|IP_/, "node.wifi, node.ip"],
    [/ADDRESS/, "node.address"],
    [/EMPLOYER/, "node.employer"],
    [/EMAIL/, "node.email"],
    [/NATIONAL_ID/, "node.national_id"],
    [/MERCHANT|SHOP/, "node.merchant"],
    [/AGENT/, "node.agent"],
    [/NETWORK|RING|TIE|LINK|NEIGHBO/, "node.thing"],
  ];
  return kinds.find(([known]) => known.test(code))?.[1] ?? "";
}

/** What a ring's reason points at in the drawing. */
export function pointsAt(code: string): string {
  const shared = /^RING_SHARED_(.+)$/.exec(code)?.[1]?.toLowerCase();
  if (shared) return `node.${shared}`;
  const known: Record<string, string> = { RING_CONFIRMED_MEMBERS: "node.bad", RING_SAME_AGENT: "node.agent", RING_SAME_MERCHANT: "node.merchant", RING_EMULATORS: "node.device" };
  return known[code] ?? "node.person";
}
