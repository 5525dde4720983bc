// The drawing itself: cytoscape with fcose, repeatable (the same subgraph looks the same tomorrow), and reachable by keyboard.
import cytoscape, { type Core, type EdgeSingular, type NodeCollection, type NodeSingular } from "cytoscape";
import fcose from "cytoscape-fcose";
import type { DrawnEdge, DrawnNode, Drawing } from "./api";
import type { Group } from "./communities";
import { labelOf } from "./scores";
import { drawnOf, drawnTie, edgeElement, edgeId, joined, nodeClasses, nodeElement } from "./elements";
import { around, follow, near } from "./lighting";
import { arrange, beside, calm, LARGE, nearest, type Point } from "./layout";
import { colour, looks } from "./looks";

cytoscape.use(fcose);

export interface Wishes {
  select(node: DrawnNode | null): void;
  expand(node: DrawnNode): void;
  open(node: DrawnNode): void;
  hint(what: DrawnNode | DrawnEdge | null, x: number, y: number): void;
  grabbed(): void; // a node is about to be moved
  settled(): void; // nodes stand where they stay
  pressed(key: string): boolean; // whether a key does something beside moving about
}

export interface View {
  zoom: number;
  pan: Point;
}

export class Canvas {
  private readonly graph: Core;
  private seed = "";

  constructor(private readonly container: HTMLElement, private readonly wishes: Wishes) {
    this.graph = cytoscape({ container, style: looks(), minZoom: 0.05, maxZoom: 3, boxSelectionEnabled: false, selectionType: "single" });
    this.listen();
    container.addEventListener("keydown", (event) => this.press(event));
    new ResizeObserver(() => this.fit()).observe(container);
  }

  /** Draw these together, the first one's seed as theirs. Whoever has a place stays there, and the view with them. Returns how many came in. */
  show(drawings: Drawing[], known: Map<string, Point>, gently = false): { people: number; things: number } {
    this.seed = drawings[0]?.seed ?? "";
    const nodes = new Map<string, DrawnNode>();
    for (const node of drawings.flatMap((drawing) => drawing.nodes)) nodes.set(node.id, joined(nodes.get(node.id), node));
    const edges = new Map(drawings.flatMap((drawing) => drawing.edges).map((edge) => [edgeId(edge), edge]));
    const before = new Set(this.nodes().map((node) => node.id()));
    const empty = before.size === 0;
    this.graph.batch(() => this.exchange(nodes, edges));
    const fresh = [...nodes.values()].filter((node) => !before.has(node.id));
    const placed = new Map([...known].filter(([id]) => nodes.has(id)));
    this.graph.batch(() => this.nodes().forEach((node) => void node.position(placed.get(node.id()) ?? beside(node, placed))));
    this.swiftly(nodes.size > LARGE);
    if (!placed.size || nodes.size - placed.size > LARGE) this.arrange({ randomize: true, animate: false });
    else if (placed.size < nodes.size) {
      const fixed = [...placed].map(([nodeId, position]) => ({ nodeId, position: { ...position } }));
      this.arrange({ randomize: false, animate: gently && nodes.size <= LARGE && calm(), fixedNodeConstraint: fixed });
    } else this.stay(empty);
    const people = fresh.filter((node) => node.type === "applicant").length;
    return { people, things: fresh.length - people };
  }

  /** Take out what is gone, bring in what is new, and say of the rest what is known now. */
  private exchange(nodes: Map<string, DrawnNode>, edges: Map<string, DrawnEdge>): void {
    this.graph.edges().filter((edge) => !edges.has(edge.id())).remove();
    this.nodes().filter((node) => !nodes.has(node.id())).remove();
    for (const [id, node] of nodes) {
      const there = this.graph.getElementById(id);
      if (there.empty()) this.graph.add(nodeElement(node, this.seed));
      else {
        there.data({ drawn: node, label: labelOf(node) });
        there.classes([...nodeClasses(node, this.seed), ...(there.hasClass("pinned") ? ["pinned"] : [])]);
      }
    }
    for (const [id, edge] of edges) {
      const there = this.graph.getElementById(id);
      if (there.empty()) this.graph.add(edgeElement(edge));
      else there.data("drawn", edge);
    }
  }

  /** While a large drawing is dragged or zoomed, its picture moves rather than each of its nodes. */
  private swiftly(large: boolean): void {
    const renderer = (this.graph as unknown as { renderer(): { textureOnViewport: boolean } }).renderer();
    renderer.textureOnViewport = large;
  }

  /** Everything stands where it stood. */
  private stay(fit: boolean): void {
    this.markHubs();
    if (fit) this.fit();
    this.wishes.settled();
  }

  /** Lay out anew; those stay where they are. */
  anew(pinned: string[]): void {
    const fixed = pinned.filter((id) => this.has(id)).map((nodeId) => ({ nodeId, position: { ...this.graph.getElementById(nodeId).position() } }));
    this.arrange({ randomize: !fixed.length, animate: false, ...(fixed.length ? { fixedNodeConstraint: fixed } : {}) });
  }

  /** Leave these out of the picture, and mark the pinned; ties that do not stand are left out with them. */
  narrow(out: Set<string>, ties: (edge: DrawnEdge, index: number) => boolean, pinned: Set<string>): void {
    this.graph.batch(() => {
      this.nodes().forEach((node) => {
        node.toggleClass("out", out.has(node.id())).toggleClass("pinned", pinned.has(node.id()));
        if (pinned.has(node.id())) node.lock();
        else node.unlock();
      });
      this.graph.edges().forEach((edge, index) => void edge.toggleClass("out", !ties(drawnTie(edge), index)));
    });
  }

  /** Put a frame around each group; without any, take the frames away. */
  group(groups: (Group & { label: string })[]): void {
    this.graph.batch(() => {
      this.nodes().move({ parent: null });
      this.graph.nodes(".group").remove();
      for (const one of groups) {
        this.graph.add({ group: "nodes", data: { id: one.id, label: one.label }, classes: "group", selectable: false });
        this.nodes().filter((node) => one.nodes.includes(node.id())).move({ parent: one.id });
      }
    });
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
    this.graph.fit(this.graph.elements(":visible"), 50);
  }

  zoom(factor: number): void {
    const box = this.container.getBoundingClientRect();
    this.graph.zoom({ level: this.graph.zoom() * factor, renderedPosition: { x: box.width / 2, y: box.height / 2 } });
  }

  /** What of the drawing is seen. */
  view(): View {
    return { zoom: this.graph.zoom(), pan: { ...this.graph.pan() } };
  }

  look(view: View): void {
    this.graph.viewport(view);
  }

  /** The colours of the page, which may have changed. */
  dress(): void {
    this.graph.style(looks());
  }

  counts(): { people: number; things: number } {
    const people = this.graph.nodes(".person").not(".out").length;
    return { people, things: this.graph.nodes(".thing").not(".out").length };
  }

  selected(): string {
    return this.graph.nodes(":selected").first().id() ?? "";
  }

  has(id: string): boolean {
    return this.graph.getElementById(id).nonempty();
  }

  all(): DrawnNode[] {
    return this.nodes().map((node) => drawnOf(node));
  }

  ties(): DrawnEdge[] {
    return this.graph.edges().map((edge) => drawnTie(edge));
  }

  places(): Record<string, Point> {
    return Object.fromEntries(this.nodes().map((node) => [node.id(), { ...node.position() }]));
  }

  /** The whole drawing as a picture. */
  png(): Blob {
    return this.graph.png({ output: "blob", full: true, scale: 2, bg: colour("paper") }) as unknown as Blob;
  }

  /** Light a path of masked names (device:***8f5a); the nodes that were lit, none where it is not drawn whole. */
  lightPath(path: string[], seed: string): string[] {
    const wanted = path[0]?.startsWith("application:") ? [seed, ...path.slice(1)] : path;
    const found = follow(this.graph, wanted, []);
    this.lit(found);
    return found;
  }

  /** Light nodes and the edges between them. */
  lit(ids: string[]): void {
    this.graph.elements().removeClass("lit dim");
    if (!ids.length) return;
    const wanted = new Set(ids);
    const nodes = this.nodes().filter((node) => wanted.has(node.id()));
    const chosen = nodes.union(nodes.edgesWith(nodes));
    this.graph.elements().not(chosen).not(".group").addClass("dim");
    chosen.addClass("lit");
  }

  /** Nodes of a kind, or with a class, and the people next to them. */
  around(selector: string): string[] {
    return around(this.graph.nodes(selector));
  }

  /** A person with what is next to them of that kind, and the people beyond it. */
  near(id: string, selector: string): string[] {
    return near(this.graph, id, selector);
  }

  private nodes(): NodeCollection {
    return this.graph.nodes().not(".group") as NodeCollection;
  }

  private arrange(options: Record<string, unknown>): void {
    this.markHubs();
    arrange(this.graph, options, () => this.wishes.settled());
  }

  private markHubs(): void {
    const toHubs = this.graph.nodes(".hub").connectedEdges();
    this.graph.edges(".tohub").not(toHubs).removeClass("tohub");
    toHubs.addClass("tohub");
  }

  private listen(): void {
    this.graph.on("select", "node", (event) => this.chosen(event.target as NodeSingular));
    this.graph.on("unselect", "node", () => this.light(null));
    this.graph.on("tap", (event) => {
      if (event.target === this.graph) this.release();
    });
    this.graph.on("dbltap", "node", (event) => this.wishes.expand(drawnOf(event.target as NodeSingular)));
    this.graph.on("mouseover", "node[drawn], edge", (event) => {
      const at = event.renderedPosition;
      this.wishes.hint((event.target as NodeSingular | EdgeSingular).data("drawn") as DrawnNode | DrawnEdge, at.x, at.y);
    });
    this.graph.on("mouseout pan zoom drag", () => this.wishes.hint(null, 0, 0));
    this.graph.on("grab", "node", () => this.wishes.grabbed());
    this.graph.on("dragfree", "node", () => this.wishes.settled());
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
    if (!deed && !this.wishes.pressed(event.key)) return;
    event.preventDefault();
    deed?.();
  }

  /** Move the selection to the nearest node in a direction; with none selected, to the seed. */
  private step(dx: number, dy: number): void {
    const from = this.graph.nodes(":selected").first();
    const first = this.has(this.seed) ? this.seed : (this.nodes().first().id() ?? "");
    const next = from.empty() ? first : nearest(this.nodes(), from.position(), { x: dx, y: dy });
    if (next) this.select(next);
  }
}
