// How the subgraph looks: one colour a kind of thing, red for known fraud, an orange ring around members of flagged rings.
import type { StylesheetJson } from "cytoscape";

const styles = getComputedStyle(document.documentElement); // as they are at each look: the theme may change
const icons = new URL("./icons/", import.meta.url).href;
const DRAWN = new Set(
  ["applicant", "application", "phone", "device", "bank_card", "national_id", "email", "ip", "wifi", "address", "employer", "merchant", "agent"],
);

/** The colour of a kind of thing, from the style sheet: one source for the drawing, the legend and the lists. */
export function colour(name: string): string {
  return styles.getPropertyValue(`--${name.replaceAll("_", "-")}`).trim() || "#8593a6";
}

export function icon(type: string): string {
  return `${icons}${DRAWN.has(type) ? type : "applicant"}.svg`;
}

export const looks = (): StylesheetJson => [
  {
    selector: "node[drawn]",
    style: {
      width: 22,
      height: 22,
      "background-color": "data(colour)",
      "background-image": "data(icon)",
      "background-width": "64%",
      "background-height": "64%",
      "border-width": 0,
      label: "data(label)",
      color: colour("label"),
      "font-family": "Inter Variable, Noto Sans SC, Noto Sans CJK SC, PingFang SC, Microsoft YaHei, sans-serif",
      "font-size": 9,
      "text-valign": "bottom",
      "text-margin-y": 3,
      "text-wrap": "ellipsis",
      "text-max-width": "88px",
      "text-background-color": colour("paper"),
      "text-background-opacity": 0.85,
      "text-background-padding": "1px",
      "min-zoomed-font-size": 7,
    },
  },
  { selector: "node.thing", style: { shape: "round-rectangle", width: 20, height: 20 } },
  { selector: "node.application", style: { shape: "round-rectangle", width: 26, height: 26 } },
  { selector: "node.person", style: { width: 28, height: 28, color: colour("ink") } },
  { selector: "node.grouped", style: { "border-width": 2.5, "border-color": colour("grouped") } },
  { selector: "node.flagged", style: { "border-width": 3.5, "border-color": colour("flagged") } },
  { selector: "node.scored", style: { "text-wrap": "wrap", "text-overflow-wrap": "anywhere", "text-max-width": "130px" } },
  { selector: "node.core", style: { width: 33, height: 33 } },
  { selector: "node.bad", style: { "background-color": colour("solid-bad") } },
  {
    selector: "node.hub",
    style: { shape: "octagon", "background-color": colour("hub"), "border-width": 1.5, "border-style": "dashed", "border-color": colour("hub-ink"), color: colour("hub-ink"), "font-style": "italic" },
  },
  { selector: "node.seed", style: { width: 40, height: 40, "font-size": 11, "font-weight": 600, "outline-width": 3, "outline-color": colour("ink"), "outline-offset": 3 } },
  { selector: "node.application.seed", style: { width: 32, height: 32 } },
  { selector: "node:selected", style: { "overlay-color": colour("blue"), "overlay-opacity": 0.14, "overlay-padding": 8, "overlay-shape": "ellipse", "z-index": 10 } },
  { selector: ".out", style: { display: "none" } },
  { selector: "node.pinned", style: { "border-width": 3, "border-style": "double", "border-color": colour("ink") } },
  {
    selector: "node.group",
    style: { shape: "round-rectangle", "background-color": colour("blue"), "background-opacity": 0.06, "background-image": "none", "border-width": 1, "border-color": colour("blue"), "border-opacity": 0.4, "text-valign": "top", "font-size": 11, "font-weight": 600, padding: "14px" },
  },
  { selector: "node.far", style: { opacity: 0.25 } },
  { selector: "edge", style: { width: 1.3, "line-color": colour("tie"), "curve-style": "straight", "z-index": 0 } },
  { selector: "edge.contact", style: { "line-style": "dotted", width: 1.6 } },
  { selector: "edge.employer", style: { "line-style": "dashed" } },
  { selector: "edge.event", style: { "line-color": colour("event"), width: 2 } },
  { selector: "edge.tohub", style: { "line-style": "dashed", "line-color": colour("tie-to-hub") } },
  { selector: "edge.near", style: { "line-color": colour("blue"), width: 2 } },
  { selector: "edge:selected", style: { "line-color": colour("ink"), width: 2.5 } },
  { selector: "edge.far", style: { opacity: 0.6 } },
  { selector: "node.dim", style: { opacity: 0.3 } },
  { selector: "edge.dim", style: { opacity: 0.15 } },
  { selector: "node.lit", style: { "overlay-color": colour("lit"), "overlay-opacity": 0.2, "overlay-padding": 7, "z-index": 9 } },
  { selector: "edge.lit", style: { "line-color": colour("lit"), width: 3.5, opacity: 1 } },
];
