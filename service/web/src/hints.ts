// What the small box says beside the pointer.
import type { DrawnEdge, DrawnNode } from "./api";
import { byId, el, fill } from "./dom";
import { count, date } from "./formats";
import { hubText } from "./parts";
import { scoreHint } from "./scores";
import { name, say } from "./words";

const WIDTH = 240; // of the box at most, in pixels

export function hint(what: DrawnNode | DrawnEdge | null, x: number, y: number): void {
  const box = byId("hint");
  box.hidden = what === null;
  if (what === null) return;
  fill(box, ...("role" in what ? edgeHint(what) : nodeHint(what)));
  box.style.left = `${Math.max(4, Math.min(x + 14, byId("canvas").clientWidth - WIDTH))}px`;
  box.style.top = `${y + 14}px`;
}

function nodeHint(node: DrawnNode): HTMLElement[] {
  const total = count(node.holders) + (node.holders !== null && node.holders >= 1000 ? "+" : "");
  return [
    el("b", {}, node.label),
    el("span", {}, name(node.type)),
    ...(node.bad ? [el("span", { class: "chip bad" }, say("known_fraud"))] : []),
    ...(node.ring_id ? [el("span", {}, `${node.ring_id} · ${name(node.ring_kind, "kind_")} · ${name(node.ring_role)}`)] : []),
    ...(node.type === "applicant" ? [el("span", { class: "score" }, scoreHint(node))] : []),
    ...(node.hub ? [el("span", {}, hubText(node.type, node.hub, total))] : node.holders ? [el("span", {}, `${say("holders")}: ${total}`)] : []),
  ];
}

function edgeHint(edge: DrawnEdge): HTMLElement[] {
  const times = edge.since ? `${say("since")} ${date(edge.since)} · ${say("until")} ${date(edge.last)}` : say("only_now");
  return [el("b", {}, name(edge.role, "role_")), el("span", {}, times)];
}
