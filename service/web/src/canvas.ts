// The drawing itself: cytoscape with fcose, repeatable (the same subgraph looks the same tomorrow), and reachable by keyboard.
import cytoscape, { type Core, type EdgeSingular, type NodeSingular } from "cytoscape";
import fcose from "cytoscape-fcose";
import type { DrawnEdge, DrawnNode, Drawing } from "./api";
import { drawnOf, edgeElement, edgeId, fits, joined, nodeElement } from "./elements";
import { arrange, beside, nearest } from "./layout";
import { LOOKS } from "./looks";

cytoscape.use(fcose);

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
    this.graph.add([...nodes.values()].map((node) => ({ ...nodeElement(node, this.seed), position: places.get(node.id) })));
    this.graph.add([...edges.values()].map((edge) => edgeElement(edge)));
    if (!fixed.length) this.arrange({ randomize: true, animate: false });
    else if (fixed.length < nodes.size) {
      this.graph.nodes().forEach((node) => void (places.has(node.id()) || node.position(beside(node, places))));
      this.arrange({ randomize: false, animate: false, fixedNodeConstraint: fixed });
    } else this.markHubs();
  }

  /** Add what is new around `from`, leaving everything drawn where it is. Returns how many people and things came in. */
  merge(drawing: Drawing, from: string): { people: number; things: number } {
    const centre = this.graph.getElementById(from).position();
    const fixed = this.graph.nodes().map((node) => ({ nodeId: node.id(), position: { ...node.position() } }));
    const fresh = drawing.nodes.filter((node) => this.graph.getElementById(node.id).empty());
    for (const known of drawing.nodes.filter((node) => !fresh.includes(node))) this.refresh(known);
    fresh.forEach((node, index) => {
      const angle = (2 * Math.PI * index) / fresh.length;
      this.graph.add({ ...nodeElement(node, this.seed), position: { x: centre.x + 90 * Math.cos(angle), y: centre.y + 90 * Math.sin(angle) } });
    });
    const edges = drawing.edges.filter((edge) => this.graph.getElementById(edgeId(edge)).empty());
    this.graph.add(edges.map((edge) => edgeElement(edge)));
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

  private refresh(node: DrawnNode): void {
    const known = this.graph.getElementById(node.id);
    const before = drawnOf(known);
    known.data("drawn", joined(before, node));
    if (node.hub) known.addClass("hub");
  }

  private arrange(options: Record<string, unknown>): void {
    arrange(this.graph, options);
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
    const first = this.has(this.seed) ? this.seed : (this.graph.nodes().first().id() ?? "");
    const next = from.empty() ? first : nearest(this.graph, from.position(), { x: dx, y: dy });
    if (next) this.select(next);
  }
}
