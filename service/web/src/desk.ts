// The conductor: the address says what is shown (node, as_of, lang); everything else follows from it.
import { ask, type Assessment, type Dossier, type DrawnEdge, type DrawnNode, type Drawing, keep, type LeftOut, type Overview, Refused } from "./api";
import { Canvas } from "./canvas";
import { byId, el, fill } from "./dom";
import { count, date, fromField, toField } from "./formats";
import { leftLines, leftText } from "./leftout";
import { legend } from "./legend";
import { assessment, hubText, overviewPanel, panel, type Ways } from "./panel";
import { Search } from "./search";
import { type Language, name, say, speak, spoken, type Word } from "./words";

const WEEK = 7 * 24 * 3600 * 1000;

class Desk {
  private node = "";
  private asOf = "";
  private turn = 0; // answers to questions asked before the latest one are dropped
  private readonly left = new Map<string, LeftOut>();
  private readonly side = byId("panel");
  private readonly ways: Ways = { open: (node) => this.go(node, this.asOf), expand: (node) => void this.expand(node) };
  private readonly canvas = new Canvas(byId("canvas"), {
    select: (node) => void this.look(node),
    expand: (node) => void this.expand(node.id),
    open: (node) => this.go(node.id, this.asOf),
    hint: (what, x, y) => this.hint(what, x, y),
  });

  constructor() {
    new Search(() => this.asOf, (node) => this.go(node, this.asOf), (error) => this.refuse(error));
    this.listen();
    addEventListener("popstate", () => void this.arrive());
    speak(chosenLanguage());
    void this.arrive();
  }

  /** Show what the address says. */
  private async arrive(): Promise<void> {
    const asked = new URLSearchParams(location.search);
    this.node = asked.get("node") ?? "";
    this.asOf = asked.get("as_of") ?? "";
    this.words();
    this.left.clear();
    this.canvas.clear();
    this.tellLeft();
    byId("empty").hidden = Boolean(this.node);
    byId<HTMLDetailsElement>("legend").open = !this.node;
    await this.guarded(async (turn) => {
      if (!this.node) {
        fill(this.side, overviewPanel(await ask<Overview>("overview", { as_of: this.asOf }), this.ways));
        this.say("");
        return;
      }
      const drawing = await ask<Drawing>("subgraph", { node: this.node, as_of: this.asOf });
      if (turn !== this.turn) return;
      this.canvas.show(drawing);
      this.note(drawing);
      if (!this.canvas.has(this.node)) await this.dossier(this.node);
    });
  }

  private go(node: string, asOf: string): void {
    const query = new URLSearchParams();
    if (node) query.set("node", node);
    if (asOf) query.set("as_of", asOf);
    history.pushState(null, "", `${location.pathname}${query.size ? `?${query}` : ""}`);
    void this.arrive();
  }

  private async expand(node: string): Promise<void> {
    if (!this.canvas.has(node)) {
      this.go(node, this.asOf);
      return;
    }
    await this.guarded(async (turn) => {
      const drawing = await ask<Drawing>("expand", { node, as_of: this.asOf });
      if (turn !== this.turn) return;
      const added = this.canvas.merge(drawing, node);
      this.note(drawing);
      const hub = drawing.left_out.find((left) => left.node === node && left.why === "hub");
      this.say(hub ? leftText(hub) : added.people + added.things ? say("added", added) : say("nothing_new"));
    });
  }

  /** The panel of the selected node; of a ring when the ring itself was searched. */
  private async look(node: DrawnNode | null): Promise<void> {
    if (!node) return;
    this.say(`${name(node.type)} ${node.label}`);
    await this.guarded(() => this.dossier(node.id));
  }

  private async dossier(node: string): Promise<void> {
    const turn = this.turn;
    const found = await ask<Dossier>("node", { node, as_of: this.asOf });
    if (turn !== this.turn) return;
    const back = this.node.startsWith("ring:") && node !== this.node ? this.node : "";
    const way = (to: string, text: string): HTMLElement => el("button", { type: "button", class: "back", click: () => (to ? void this.guarded(() => this.dossier(to)) : this.go("", this.asOf)) }, `‹ ${text}`);
    fill(this.side, back ? way(back, back.slice(5)) : way("", say("back")), panel(found, node, this.ways));
    this.side.scrollTop = 0;
    const place = document.getElementById("assessment");
    if (!place) return;
    const last = await ask<Assessment | null>("assessment", { node, as_of: this.asOf });
    fill(place, ...assessment(last));
  }

  /** Run with the busy mark on; a refusal is told in the page. */
  private async guarded(run: (turn: number) => Promise<void>): Promise<void> {
    const turn = ++this.turn;
    document.body.classList.add("busy");
    byId("problem").hidden = true;
    try {
      await run(turn);
    } catch (error) {
      if (!(error instanceof Refused)) throw error;
      if (turn === this.turn) this.refuse(error);
    } finally {
      if (turn === this.turn) document.body.classList.remove("busy");
    }
  }

  private refuse(error: Refused): void {
    if (error.status === 401 || error.status === 403) {
      byId<HTMLDialogElement>("key").showModal();
      return;
    }
    byId("empty").hidden = true;
    fill(
      byId("problem"),
      el("h2", {}, say("failed")),
      el("p", {}, error.message),
      el("button", { type: "button", click: () => void this.arrive() }, say("retry")),
    );
    byId("problem").hidden = false;
    this.say(error.message);
  }

  private note(drawing: Drawing): void {
    for (const left of drawing.left_out) this.left.set(`${left.why} ${left.node ?? ""}`, left);
    this.tellLeft(drawing.truncated && !drawing.left_out.some((left) => left.why !== "hub" && left.why !== "ties"));
  }

  /** What is drawn, and what is not: hubs, cut holders, private ties. */
  private tellLeft(cut = false): void {
    const lines = leftLines([...this.left.values()]).map(([why, text]) => el("li", { class: why }, text));
    if (cut) lines.push(el("li", {}, say("left_cut")));
    const counts = this.canvas.counts();
    byId("counts").textContent = counts.people || counts.things ? say("drawn", counts) : "";
    byId("left").hidden = !this.node;
    byId("left-title").textContent = `${say("left_out")} (${lines.length})`;
    fill(byId("left-list"), ...(lines.length ? lines : [el("li", { class: "quiet" }, say("complete"))]));
  }

  private hint(what: DrawnNode | DrawnEdge | null, x: number, y: number): void {
    const box = byId("hint");
    box.hidden = what === null;
    if (what === null) return;
    fill(box, ...("role" in what ? edgeHint(what) : nodeHint(what)));
    box.style.left = `${Math.min(x + 14, byId("canvas").clientWidth - 240)}px`;
    box.style.top = `${y + 14}px`;
  }

  private listen(): void {
    const field = byId<HTMLInputElement>("as-of");
    const move = (weeks: number): void => this.go(this.node, new Date((this.asOf ? Date.parse(this.asOf) : Date.now()) + weeks * WEEK).toISOString());
    field.addEventListener("change", () => this.go(this.node, fromField(field.value)));
    byId("now").addEventListener("click", () => this.go(this.node, ""));
    byId("week-back").addEventListener("click", () => move(-1));
    byId("week-on").addEventListener("click", () => move(1));
    byId("language").addEventListener("click", () => this.changeLanguage());
    byId("fit").addEventListener("click", () => this.canvas.fit());
    byId("zoom-in").addEventListener("click", () => this.canvas.zoom(1.25));
    byId("zoom-out").addEventListener("click", () => this.canvas.zoom(0.8));
    byId("home").addEventListener("click", (event) => {
      event.preventDefault();
      this.go("", this.asOf);
    });
    byId<HTMLFormElement>("key-form").addEventListener("submit", () => {
      keep(byId<HTMLInputElement>("key-field").value);
      void this.arrive();
    });
  }

  private changeLanguage(): void {
    speak(spoken() === "en" ? "zh" : "en");
    localStorage.setItem("ringfence-language", spoken());
    void this.arrive();
  }

  /** Put the dictionary's words wherever the page names one. */
  private words(): void {
    document.documentElement.lang = spoken() === "zh" ? "zh-CN" : "en";
    document.title = `${say("brand")} · ${say("desk")}`;
    for (const place of document.querySelectorAll<HTMLElement>("[data-word]")) place.textContent = say(place.dataset.word as Word);
    for (const place of document.querySelectorAll<HTMLElement>("[data-title]")) {
      place.title = say(place.dataset.title as Word);
      place.setAttribute("aria-label", place.title);
    }
    byId<HTMLInputElement>("q").placeholder = say("search_hint");
    byId<HTMLInputElement>("as-of").value = toField(this.asOf || new Date().toISOString());
    byId("past").hidden = !this.asOf;
    byId("now").setAttribute("aria-pressed", String(!this.asOf));
    fill(byId("legend-list"), ...legend());
  }

  private say(text: string): void {
    byId("status").textContent = text;
  }
}

function nodeHint(node: DrawnNode): HTMLElement[] {
  const total = count(node.holders) + (node.holders !== null && node.holders >= 1000 ? "+" : "");
  return [
    el("b", {}, node.label),
    el("span", {}, name(node.type)),
    ...(node.bad ? [el("span", { class: "chip bad" }, say("known_fraud"))] : []),
    ...(node.ring_id ? [el("span", {}, `${node.ring_id} · ${name(node.ring_kind, "kind_")} · ${name(node.ring_role)}`)] : []),
    ...(node.hub ? [el("span", {}, hubText(node.type, node.hub, total))] : node.holders ? [el("span", {}, `${say("holders")}: ${total}`)] : []),
  ];
}

function edgeHint(edge: DrawnEdge): HTMLElement[] {
  const times = edge.since ? `${say("since")} ${date(edge.since)} · ${say("until")} ${date(edge.last)}` : say("only_now");
  return [el("b", {}, name(edge.role, "role_")), el("span", {}, times)];
}

function chosenLanguage(): Language {
  const asked = new URLSearchParams(location.search).get("lang") ?? localStorage.getItem("ringfence-language") ?? navigator.language;
  return asked.startsWith("zh") ? "zh" : "en";
}

new Desk();
