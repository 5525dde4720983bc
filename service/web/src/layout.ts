// Where nodes stand: the same subgraph looks the same tomorrow.
import type { Core, LayoutOptions, NodeCollection, NodeSingular } from "cytoscape";

export interface Point {
  x: number;
  y: number;
}

/** Whether things may move slowly here. */
export function calm(): boolean {
  return !matchMedia("(prefers-reduced-motion: reduce)").matches;
}

/** Places as they are kept: a tenth of a unit is nothing on a screen. */
export function rounded(places: Record<string, Point>): Record<string, Point> {
  const tenth = (value: number): number => Math.round(value * 10) / 10;
  return Object.fromEntries(Object.entries(places).map(([id, { x, y }]) => [id, { x: tenth(x), y: tenth(y) }]));
}

const PADDING = 36;
export const LARGE = 300; // nodes beyond which a layout is good rather than perfect

/** Lay the drawing out by fcose; what is left out of it takes no room. */
export function arrange(graph: Core, options: Record<string, unknown>, done: () => void): void {
  const layout = {
    name: "fcose",
    quality: graph.nodes().length > LARGE ? "default" : "proof",
    animationDuration: 350,
    fit: true,
    padding: PADDING,
    nodeSeparation: 90,
    idealEdgeLength: 76,
    nodeRepulsion: 14000,
    gravity: 0.35,
    packComponents: false,
    nodeDimensionsIncludeLabels: true,
    ...options,
  };
  const run = graph.elements(":visible").layout(layout as LayoutOptions);
  run.one("layoutstop", () => {
    if (options.randomize) widen(graph);
    done();
  });
  seeded(() => run.run());
}

const WIDEST = 1.8; // a drawing that is stretched further looks torn

/** A drawing that was laid out anew takes the width that there is: the layout makes it as wide as high. */
function widen(graph: Core): void {
  const box = graph.elements(":visible").boundingBox({ includeLabels: false });
  const factor = Math.min(WIDEST, ((graph.width() / graph.height()) * box.h) / Math.max(box.w, 1));
  if (!(factor > 1.05)) return;
  graph.batch(() => graph.nodes(":visible").not(":parent").forEach((node) => void node.position("x", node.position("x") * factor)));
  graph.fit(graph.elements(":visible"), PADDING);
}

/** Somewhere near a neighbour that has its place, the same place every time. */
export function beside(node: NodeSingular, places: Map<string, Point>): Point {
  const near = node.neighborhood().nodes().filter((other) => places.has(other.id())).first();
  const centre = places.get(near.id() ?? "") ?? { x: 0, y: 0 };
  const angle = 2 * Math.PI * ([...node.id()].reduce((sum, letter) => sum + letter.charCodeAt(0), 0) / 37);
  return { x: centre.x + 90 * Math.cos(angle), y: centre.y + 90 * Math.sin(angle) };
}

/** The nearest node in a direction, none where nothing lies there. */
export function nearest(nodes: NodeCollection, here: Point, way: Point): string {
  let best = "";
  let least = Infinity;
  nodes.filter(":visible").forEach((node) => {
    const along = (node.position("x") - here.x) * way.x + (node.position("y") - here.y) * way.y;
    const across = Math.abs((node.position("x") - here.x) * way.y) + Math.abs((node.position("y") - here.y) * way.x);
    if (along > 1 && along + 2 * across < least) {
      least = along + 2 * across;
      best = node.id();
    }
  });
  return best;
}

/** Run with random numbers that are the same every time: the layout draws on Math.random. */
function seeded(run: () => void): void {
  const real = Math.random;
  let state = 20_260_101;
  Math.random = () => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
    return state / 4_294_967_296;
  };
  try {
    run();
  } finally {
    Math.random = real;
  }
}
