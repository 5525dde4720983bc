// The drawing itself: cytoscape with fcose, repeatable (the same subgraph looks the same tomorrow), and reachable by keyboard.
import cytoscape, { type Core, type EdgeSingular, type ElementDefinition, type NodeSingular } from "cytoscape";
import fcose from "cytoscape-fcose";
import type { DrawnEdge, DrawnNode, Drawing } from "./api";
import { colour, icon, LOOKS } from "./looks";

cytoscape.use(fcose);

const THINGS = new Set(["phone", "device", "bank_card", "national_id", "email", "ip", "wifi", "address", "employer", "merchant", "agent"]);
const TIES = new Set(["own", "contact", "employer", "applied"]);

export interface Wishes {
  select(node: DrawnNode | null): void;
  expand(node: DrawnNode): void;
  open(node: DrawnNode): void;
  hint(what: DrawnNode | DrawnEdge | null, x: number, y: number): void;
}

export class Canvas {
  private readonly graph: Core;
  private seed = "";

  constructor(private readonly container: HTMLElement, private readonly wishes: Wishes) {
    this.graph = cytoscape({ container, style: LOOKS, minZoom: 0.15, maxZoom: 3, boxSelectionEnabled: false, selectionType: "single" });
    this.listen();
    container.addEventListener("keydown", (event) => this.press(event));
    new ResizeObserver(() => this.fit()).observe(container);
  }

  /** Draw these together, the first one's seed as theirs. Whoever is drawn already stays in place, and the view with them. */
  show(drawings: Drawing[]): void {
    this.seed = drawings[0]?.seed ?? "";
    const nodes = new Map<string, DrawnNode>();
    for (const node of drawings.flatMap((drawing) => drawing.nodes)) nodes.set(node.id, joined(nodes.get(node.id), node));
    const edges = new Map(drawings.flatMap((drawing) => drawing.edges).map((edge) => [edgeId(edge), edge]));
    const places = new Map(this.graph.nodes().map((node) => [node.id(), { ...node.position() }]));
    const fixed = [...nodes.keys()].flatMap((id) => (places.has(id) ? [{ nodeId: id, position: places.get(id) }] : []));
    this.graph.elements().remove();
    this.graph.add([...nodes.values()].map((node) => ({ ...this.node(node), position: places.get(node.id) })));
    this.graph.add([...edges.values()].map((edge) => this.edge(edge)));
    if (!fixed.length) this.arrange({ randomize: true, animate: false });
    else if (fixed.length < nodes.size) {
      this.graph.nodes().forEach((node) => void (places.has(node.id()) || node.position(this.beside(node, places))));
      this.arrange({ randomize: false, animate: false, fixedNodeConstraint: fixed });
    } else this.markHubs();
  }

  /** Somewhere near a neighbour that has its place, the same place every time. */
  private beside(node: NodeSingular, places: Map<string, { x: number; y: number }>): { x: number; y: number } {
    const near = node.neighborhood().nodes().filter((other) => places.has(other.id())).first();
    const centre = places.get(near.id() ?? "") ?? { x: 0, y: 0 };
    const angle = 2 * Math.PI * ([...node.id()].reduce((sum, letter) => sum + letter.charCodeAt(0), 0) / 37);
    return { x: centre.x + 90 * Math.cos(angle), y: centre.y + 90 * Math.sin(angle) };
  }

  /** Add what is new around `from`, leaving everything drawn where it is. Returns how many people and things came in. */
  merge(drawing: Drawing, from: string): { people: number; things: number } {
    const centre = this.graph.getElementById(from).position();
    const fixed = this.graph.nodes().map((node) => ({ nodeId: node.id(), position: { ...node.position() } }));
    const fresh = drawing.nodes.filter((node) => this.graph.getElementById(node.id).empty());
    for (const known of drawing.nodes.filter((node) => !fresh.includes(node))) this.refresh(known);
    fresh.forEach((node, index) => {
      const angle = (2 * Math.PI * index) / fresh.length;
      this.graph.add({ ...this.node(node), position: { x: centre.x + 90 * Math.cos(angle), y: centre.y + 90 * Math.sin(angle) } });
    });
    const edges = drawing.edges.filter((edge) => this.graph.getElementById(edgeId(edge)).empty());
    this.graph.add(edges.map((edge) => this.edge(edge)));
    if (fresh.length) this.arrange({ randomize: false, animate: !matchMedia("(prefers-reduced-motion: reduce)").matches, fixedNodeConstraint: fixed });
    const people = fresh.filter((node) => node.type === "applicant").length;
    return { people, things: fresh.length - people };
  }

  clear(): void {
    this.graph.elements().remove();
  }

  select(id: string): void {
    this.graph.elements().unselect();
    this.graph.getElementById(id).select();
  }

  /** Bring a node out without choosing it. */
  mark(id: string): void {
    this.graph.elements().unselect();
    const node = this.graph.getElementById(id);
    this.light(node.nonempty() ? (node as NodeSingular) : null);
  }

  fit(): void {
    this.graph.resize();
    this.graph.fit(undefined, 50);
  }

  zoom(factor: number): void {
    const box = this.container.getBoundingClientRect();
    this.graph.zoom({ level: this.graph.zoom() * factor, renderedPosition: { x: box.width / 2, y: box.height / 2 } });
  }

  counts(): { people: number; things: number } {
    const people = this.graph.nodes(".person").length;
    return { people, things: this.graph.nodes(".thing").length };
  }

  selected(): string {
    return this.graph.nodes(":selected").first().id() ?? "";
  }

  has(id: string): boolean {
    return this.graph.getElementById(id).nonempty();
  }

  drawn(id: string): DrawnNode | undefined {
    return this.graph.getElementById(id).data("drawn") as DrawnNode | undefined;
  }

  all(): DrawnNode[] {
    return this.graph.nodes().map((node) => drawnOf(node));
  }

  /** Where a node is on the screen, for tests and hints. */
  place(id: string): { x: number; y: number } | null {
    const node = this.graph.getElementById(id);
    return node.nonempty() ? node.renderedPosition() : null;
  }

  /** The whole drawing as a picture. */
  png(): Blob {
    return this.graph.png({ output: "blob", full: true, scale: 2, bg: "#fbfaf7" }) as unknown as Blob;
  }

  /** Light a path of masked names (device:***8f5a); the nodes that were lit, none where it is not drawn whole. */
  lightPath(path: string[], seed: string): string[] {
    const wanted = path[0]?.startsWith("application:") ? [seed, ...path.slice(1)] : path;
    const found = this.follow(wanted, []);
    this.lit(found);
    return found;
  }

  /** Light nodes and the edges between them. */
  lit(ids: string[]): void {
    this.graph.elements().removeClass("lit dim");
    if (!ids.length) return;
    const nodes = this.graph.nodes().filter((node) => ids.includes(node.id()));
    const chosen = nodes.union(nodes.edgesWith(nodes));
    this.graph.elements().not(chosen).addClass("dim");
    chosen.addClass("lit");
  }

  /** Nodes of a kind, or with a class, and the people next to them. */
  around(selector: string): string[] {
    const chosen = this.graph.nodes(selector);
    return [...chosen.toArray(), ...chosen.neighborhood(".person").toArray()].map((node) => node.id());
  }

  /** The drawn nodes along a path of masked names, each next to the one before; none where there is no such way. */
  private follow(wanted: string[], so: string[]): string[] {
    const name = wanted[so.length];
    if (name === undefined) return so;
    const before = so.length ? this.graph.getElementById(so[so.length - 1] as string).neighborhood().nodes() : this.graph.nodes();
    for (const node of before.toArray()) {
      if (so.includes(node.id()) || !fits(drawnOf(node as NodeSingular), name)) continue;
      const rest = this.follow(wanted, [...so, node.id()]);
      if (rest.length) return rest;
    }
    return [];
  }

  private node(node: DrawnNode): ElementDefinition {
    const classes = [node.type, node.type === "applicant" ? "person" : "", THINGS.has(node.type) ? "thing" : ""];
    if (node.ring_id) classes.push(node.ring_flagged ? "flagged" : "grouped", node.ring_role ?? "");
    if (node.bad) classes.push("bad");
    if (node.hub) classes.push("hub");
    if (node.id === this.seed) classes.push("seed");
    const data = { id: node.id, label: node.label, colour: colour(node.type), icon: icon(node.type), drawn: node };
    return { group: "nodes", data, classes: classes.filter(Boolean).join(" ") };
  }

  private edge(edge: DrawnEdge): ElementDefinition {
    const classes = TIES.has(edge.role) ? edge.role : "event";
    return { group: "edges", data: { id: edgeId(edge), source: edge.a, target: edge.b, drawn: edge }, classes };
  }

  private refresh(node: DrawnNode): void {
    const known = this.graph.getElementById(node.id);
    const before = drawnOf(known);
    known.data("drawn", joined(before, node));
    if (node.hub) known.addClass("hub");
  }

  private arrange(options: Record<string, unknown>): void {
    const layout = {
      name: "fcose",
      quality: "proof",
      animationDuration: 350,
      fit: true,
      padding: 50,
      nodeSeparation: 90,
      idealEdgeLength: 76,
      nodeRepulsion: 14000,
      gravity: 0.35,
      packComponents: false,
      nodeDimensionsIncludeLabels: true,
      ...options,
    };
    seeded(() => this.graph.layout(layout as cytoscape.LayoutOptions).run());
    this.markHubs();
  }

  private markHubs(): void {
    this.graph.edges().forEach((edge) => void edge.toggleClass("tohub", edge.connectedNodes(".hub").nonempty()));
  }

  private listen(): void {
    this.graph.on("select", "node", (event) => this.chosen(event.target as NodeSingular));
    this.graph.on("unselect", "node", () => this.light(null));
    this.graph.on("tap", (event) => {
      if (event.target === this.graph) this.release();
    });
    this.graph.on("dbltap", "node", (event) => this.wishes.expand(drawnOf(event.target as NodeSingular)));
    this.graph.on("mouseover", "node, edge", (event) => {
      const at = event.renderedPosition;
      this.wishes.hint((event.target as NodeSingular | EdgeSingular).data("drawn") as DrawnNode | DrawnEdge, at.x, at.y);
    });
    this.graph.on("mouseout pan zoom drag", () => this.wishes.hint(null, 0, 0));
  }

  private chosen(node: NodeSingular): void {
    this.light(node);
    this.wishes.select(drawnOf(node));
  }

  private release(): void {
    this.graph.elements().unselect();
    this.wishes.select(null);
  }

  /** Bring out a node's neighbours. */
  private light(node: NodeSingular | null): void {
    this.graph.elements().removeClass("near far lit dim");
    if (!node) return;
    const near = node.closedNeighborhood();
    near.edges().addClass("near");
    this.graph.elements().not(near).edges().addClass("far");
  }

  private press(event: KeyboardEvent): void {
    if (event.ctrlKey || event.metaKey || event.altKey) return;
    const chosen = this.graph.nodes(":selected").first();
    const deeds: Record<string, () => void> = {
      ArrowLeft: () => this.step(-1, 0),
      ArrowRight: () => this.step(1, 0),
      ArrowUp: () => this.step(0, -1),
      ArrowDown: () => this.step(0, 1),
      Enter: () => chosen.nonempty() && this.wishes.expand(drawnOf(chosen as NodeSingular)),
      d: () => chosen.nonempty() && this.wishes.open(drawnOf(chosen as NodeSingular)),
      f: () => this.fit(),
      "+": () => this.zoom(1.25),
      "=": () => this.zoom(1.25),
      "-": () => this.zoom(0.8),
      Escape: () => this.release(),
    };
    const deed = deeds[event.key];
    if (!deed) return;
    event.preventDefault();
    deed();
  }

  /** Move the selection to the nearest node in a direction; with none selected, to the seed. */
  private step(dx: number, dy: number): void {
    const from = this.graph.nodes(":selected").first();
    if (from.empty()) {
      this.select(this.has(this.seed) ? this.seed : (this.graph.nodes().first().id() ?? ""));
      return;
    }
    const here = from.position();
    let best: NodeSingular | null = null;
    let least = Infinity;
    this.graph.nodes().forEach((node) => {
      const along = (node.position("x") - here.x) * dx + (node.position("y") - here.y) * dy;
      const across = Math.abs((node.position("x") - here.x) * dy) + Math.abs((node.position("y") - here.y) * dx);
      if (along > 1 && along + 2 * across < least) {
        least = along + 2 * across;
        best = node;
      }
    });
    if (best !== null) this.select((best as NodeSingular).id());
  }
}

function drawnOf(node: { data(name: string): unknown }): DrawnNode {
  return node.data("drawn") as DrawnNode;
}

/** A node told twice: what only one telling knows is kept. */
function joined(before: DrawnNode | undefined, node: DrawnNode): DrawnNode {
  return before ? { ...node, holders: node.holders ?? before.holders, hub: node.hub ?? before.hub } : node;
}

/** Whether a drawn node may be the one of a masked name: of its kind, and ending alike. */
function fits(node: DrawnNode, name: string): boolean {
  const at = name.indexOf(":");
  const [kind, key] = [name.slice(0, at), name.slice(at + 1)];
  if (node.id === name) return true;
  return node.type === kind && key.startsWith("***") && node.id.endsWith(key.slice(3));
}

function edgeId(edge: DrawnEdge): string {
  return [edge.a, edge.b].sort().join(" | ");
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
