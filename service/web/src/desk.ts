// The conductor: the address says what is shown (node, as_of, open, lang); everything else follows from it.
import { address, chosenLanguage, MOST_OPENED, queueAddress, RAW } from "./address";
import { ask, type Assessment, cases, type Dossier, type DrawnNode, type Drawing, file, keep, type LeftOut, type Overview, type Paths } from "./api";
import { CaseFile } from "./casefile";
import { type CaseDetail, type Me, subjectOf } from "./casetypes";
import { Canvas } from "./canvas";
import { byId, el, fill } from "./dom";
import { tellIn } from "./formats";
import { hint } from "./hints";
import { leftLines, leftText } from "./leftout";
import { legend } from "./legend";
import { assessment, overviewPanel, panel } from "./panel";
import type { Ways } from "./parts";
import { FILTERS, Queue } from "./queue";
import { Refused } from "./refusals";
import { keepBlob, save } from "./files";
import { saveCsv } from "./exports";
import { Search } from "./search";
import { Ties } from "./ties";
import { TimeField } from "./timefield";
import { Timeline } from "./timeline";
import { name, say, speak, spoken, type Word } from "./words";

class Desk {
  private node = "";
  private asOf = "";
  private opened: string[] = []; // what was expanded, in its order
  private page = 0; // grows with each address: answers about an earlier one are dropped
  private shown = 0; // grows with each panel asked for: answers about an earlier one are dropped
  private busy = 0; // questions not answered yet
  private readonly left = new Map<string, LeftOut>();
  private cut = false;
  private problem: Refused | null = null;
  private paint: () => void = () => undefined; // draws the panel again, in the language spoken then
  private readonly side = byId("panel");
  private file = ""; // the case that is open
  private myself: Promise<Me> | null = null;
  private readonly ways: Ways = {
    open: (node) => this.go(node, this.asOf),
    expand: (node) => void this.expand(node),
    light: (path) => void this.light(path),
    lightCode: (code) => this.canvas.lit(this.canvas.around(pointsAt(code))),
    openCase: (node) => void this.begin(node),
    tied: (node) => this.ties.part(node),
  };
  private readonly ties = new Ties({
    asOf: () => this.asOf,
    people: () => this.canvas.all().filter((node) => node.type === "applicant").map((node) => node.label),
    shown: (found) => this.drawTies(found),
    lit: (path) => this.canvas.lit(path),
    paint: () => this.repaint(),
    said: (text) => this.say(text),
  });
  private readonly caseFile = new CaseFile({
    ...this.ways,
    paint: () => this.repaint(),
    said: (text) => this.say(text),
    me: () => this.me(),
    case: (id) => this.toCase(id),
    exports: () => this.exports(),
  });
  private readonly queue = new Queue(byId("queue"), {
    open: (id) => this.toCase(id),
    narrow: (filters) => this.toQueue(filters),
    me: () => this.me(),
    said: (text) => this.say(text),
  });
  private readonly time = new TimeField((asOf) => this.go(this.node, asOf, this.opened));
  private readonly timeline = new Timeline((moment) => this.time.at(moment), () => this.time.now(), () => this.time.moment());
  private readonly search = new Search(() => this.asOf, (node) => this.go(node, this.asOf), (error) => this.refuse(error));
  private readonly canvas = new Canvas(byId("canvas"), {
    select: (node) => void this.look(node),
    expand: (node) => void this.expand(node.id),
    open: (node) => this.go(node.id, this.asOf),
    hint,
  });

  constructor() {
    tellIn(document.documentElement.dataset.zone ?? "UTC");
    this.listen();
    addEventListener("popstate", () => void this.arrive());
    speak(chosenLanguage());
    void this.arrive();
  }

  /** Show what the address says. Of what is drawn already, whatever is still there then stays where it is. */
  private async arrive(): Promise<void> {
    const asked = new URLSearchParams(location.search);
    const same = this.node !== "" && asked.get("node") === this.node;
    const file = asked.get("case") ?? "";
    const sameFile = file !== "" && file === this.file && this.caseFile.found !== null;
    const queueing = asked.has("queue");
    this.file = file;
    this.node = asked.get("node") ?? "";
    this.asOf = asked.get("as_of") ?? "";
    const raw = RAW.exec(this.node);
    if (raw) { // an address of somebody's own making: the value goes into the search, and nowhere else
      this.node = "";
      history.replaceState(null, "", address("", this.asOf, []));
      this.search.seek(raw[1] ?? "");
    }
    this.opened = asked.getAll("open").slice(0, MOST_OPENED);
    this.page += 1;
    this.shown += 1;
    this.words();
    if (!same) this.wipe();
    if (!this.node && !file) this.timeline.hide();
    document.body.classList.toggle("queueing", queueing);
    byId("queue").hidden = !queueing;
    byId("cases").setAttribute("aria-pressed", String(queueing));
    byId("empty").hidden = Boolean(this.node || file || queueing);
    byId<HTMLDetailsElement>("legend").open = !this.node && !file && matchMedia("(min-width: 901px)").matches;
    await this.guarded(async (page) => {
      try {
        if (queueing) await this.queue.show(Object.fromEntries([...asked].filter(([key]) => FILTERS.includes(key))));
        else if (file) await this.showCase(page, sameFile, same);
        else if (this.node) await this.draw(page, same ? this.canvas.selected() : "");
        else await this.overview(page);
      } catch (error) {
        if (page === this.page) this.wipe(); // what was drawn before is not of this moment
        throw error;
      }
    });
  }

  /** A case with its drawing beside it, as of the case's moment unless the address says another. */
  private async showCase(page: number, loaded: boolean, drawn: boolean): Promise<void> {
    const found = loaded && this.caseFile.found ? this.caseFile.found : await this.caseFile.load(this.file);
    if (page !== this.page) return;
    const subject = subjectOf(found);
    if (!this.node) {
      this.node = subject;
      this.asOf = found.opened_at;
      history.replaceState(null, "", address(this.node, this.asOf, [], this.file));
      this.words();
    }
    const paint = (): void => fill(this.side, this.wayBack(""), this.caseFile.panel());
    if (this.node === subject) this.show(paint);
    await this.draw(page, drawn ? this.canvas.selected() : "", this.node === subject ? paint : null);
    if (page !== this.page) return;
    await this.caseFile.details(this.asOf, this.node === subject ? this.timeline.past : null);
    if (page === this.page) this.repaint();
  }

  private toCase(id: string): void {
    history.pushState(null, "", address("", "", [], id));
    this.node = "";
    void this.arrive();
  }

  private toQueue(filters: Record<string, string>): void {
    history.pushState(null, "", queueAddress(filters));
    void this.arrive();
  }

  /** Open a case about a node, or go to the one that is open. */
  private async begin(node: string): Promise<void> {
    const [kind = "", ...rest] = node.split(":");
    await this.guarded(async () => {
      const found = await cases<CaseDetail>("", { [`${kind}_id`]: rest.join(":"), reason: "opened_by_hand" });
      this.toCase(found.case_id);
    });
  }

  /** Bring the paths that were found into the drawing and light the first; what was drawn stays. */
  private drawTies(found: Paths): void {
    this.canvas.merge(found.drawing, found.a);
    this.tellLeft();
    this.canvas.lit(found.paths[0] ?? []);
  }

  private exports(): HTMLElement[] {
    const past = this.timeline.past;
    const csv = past && el("button", { type: "button", id: "save-csv", class: "quiet", click: () => saveCsv(past) }, say("save_csv"));
    const pdf = el("button", { type: "button", id: "save-pdf", class: "quiet", click: () => void this.guarded(() => this.savePdf()) }, say("save_pdf"));
    return csv ? [csv, pdf] : [pdf];
  }

  /** The case as one page; its digest is kept in the case's history. */
  private async savePdf(): Promise<void> {
    await save(await file("case-file", { case_id: this.file, language: spoken() }), `${this.file}.pdf`);
    this.say(say("pdf_made"));
  }

  /** By which name the key goes. */
  private me(): Promise<Me> {
    this.myself ??= ask<Me>("me", {});
    this.myself.catch(() => (this.myself = null));
    return this.myself;
  }

  /** Light a reason's path; what of it is not drawn yet is brought in first. */
  private async light(path: string[]): Promise<void> {
    const from = this.canvas.selected() || this.node;
    let lit = this.canvas.lightPath(path, from);
    if (!lit.length) {
      await this.expand(from);
      lit = this.canvas.lightPath(path, from);
    }
    this.say(say(lit.length ? "path_lit" : "path_not_drawn"));
  }

  private async draw(page: number, selected: string, beside: (() => void) | null = null): Promise<void> {
    const drawing = await ask<Drawing>("subgraph", { node: this.node, as_of: this.asOf });
    const more = await Promise.all(this.opened.map((node) => this.opening(node)));
    if (page !== this.page) return;
    const drawings = [drawing, ...more.filter((one) => one !== null)];
    this.left.clear();
    this.cut = false;
    this.time.heard(drawing.as_of);
    this.canvas.show(drawings);
    for (const one of drawings) this.note(one);
    const chosen = [selected, drawing.seed].find((node) => this.canvas.has(node));
    const told = this.timeline.show(this.node, this.asOf, () => page === this.page);
    if (beside) await told;
    if (page !== this.page) return;
    if (beside && (!chosen || chosen === drawing.seed)) this.canvas.mark(chosen ?? "");
    else if (chosen) this.canvas.select(chosen);
    else await this.dossier(this.node);
  }

  /** What is next to an expanded node; null where nothing was known of it yet. */
  private async opening(node: string): Promise<Drawing | null> {
    try {
      return await ask<Drawing>("expand", { node, as_of: this.asOf });
    } catch (error) {
      if (error instanceof Refused && error.status === 404) return null;
      throw error;
    }
  }

  private async overview(page: number): Promise<void> {
    const found = await ask<Overview>("overview", { as_of: this.asOf });
    if (page !== this.page) return;
    this.time.heard(found.as_of);
    this.show(() => fill(this.side, overviewPanel(found, this.ways)));
    this.say("");
  }

  private go(node: string, asOf: string, opened: string[] = []): void {
    history.pushState(null, "", address(node, asOf, opened, node ? this.file : ""));
    void this.arrive();
  }

  private async expand(node: string): Promise<void> {
    if (!this.canvas.has(node)) {
      this.go(node, this.asOf);
      return;
    }
    await this.guarded(async (page) => {
      const drawing = await ask<Drawing>("expand", { node, as_of: this.asOf });
      if (page !== this.page) return;
      const added = this.canvas.merge(drawing, node);
      this.note(drawing);
      if (added.people + added.things && !this.opened.includes(node)) this.opened = [...this.opened, node].slice(-MOST_OPENED);
      history.replaceState(null, "", address(this.node, this.asOf, this.opened, this.file));
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
    const asked = ++this.shown;
    const found = await ask<Dossier>("node", { node, as_of: this.asOf });
    if (asked !== this.shown) return;
    let last: Assessment | null | undefined; // not answered yet
    this.show(() => {
      fill(this.side, this.wayBack(node), panel(found, node, this.ways));
      const place = document.getElementById("assessment");
      if (place && last !== undefined) fill(place, ...assessment(last, this.ways.light));
    });
    this.side.scrollTop = 0;
    if (!document.getElementById("assessment")) return;
    last = await ask<Assessment | null>("assessment", { node, as_of: this.asOf });
    if (asked === this.shown) this.paint();
  }

  private wayBack(node: string): HTMLElement {
    if (this.file) return this.caseBack(node);
    const ring = this.node.startsWith("ring:") && node !== this.node ? this.node : "";
    const back = (): void => (ring ? void this.guarded(() => this.dossier(ring)) : this.go("", this.asOf));
    return el("button", { type: "button", class: "back", click: back }, `‹ ${ring ? ring.slice(5) : say("back")}`);
  }

  /** From a case to the queue, from anything else beside it to the case. */
  private caseBack(node: string): HTMLElement {
    const found = this.caseFile.found;
    const subject = found ? subjectOf(found) : "";
    const back = (): void => {
      if (!node) this.toQueue({});
      else if (this.node === subject) this.show(() => fill(this.side, this.wayBack(""), this.caseFile.panel()));
      else this.toCase(this.file);
    };
    return el("button", { type: "button", class: "back", click: back }, `‹ ${say(node ? "case" : "queue_title")}`);
  }

  private show(paint: () => void): void {
    this.paint = paint;
    this.repaint();
  }

  /** The panel again: where the reader stood in it stays. */
  private repaint(): void {
    const focused = document.activeElement?.id ?? "";
    const scrolled = this.side.scrollTop;
    this.paint();
    this.side.scrollTop = scrolled;
    if (focused) document.getElementById(focused)?.focus({ preventScroll: true });
  }

  private wipe(): void {
    this.left.clear();
    this.cut = false;
    this.canvas.clear();
    this.show(() => fill(this.side));
    this.tellLeft();
  }

  /** Run with the busy mark on; a refusal is told in the page. */
  private async guarded(run: (page: number) => Promise<void>): Promise<void> {
    const page = this.page;
    this.busy += 1;
    document.body.classList.add("busy");
    this.refuse(null);
    try {
      await run(page);
    } catch (error) {
      if (!(error instanceof Refused)) throw error;
      if (page === this.page) this.refuse(error);
    } finally {
      this.busy -= 1;
      if (!this.busy) document.body.classList.remove("busy");
    }
  }

  /** Tell a refusal with its next step, or take the last one away. */
  private refuse(error: Refused | null): void {
    this.problem = error;
    byId("problem").hidden = error === null;
    if (error === null) return;
    byId("empty").hidden = true;
    this.tellProblem(error);
    if (error.wantsKey && !byId<HTMLDialogElement>("key").open) byId<HTMLDialogElement>("key").showModal();
  }

  private tellProblem(error: Refused): void {
    const button = (word: Word, click: () => void): HTMLElement => el("button", { type: "button", click }, say(word));
    const step = error.wantsKey
      ? button("key_use", () => byId<HTMLDialogElement>("key").showModal())
      : error.wantsMoment
        ? button("show_now", () => this.go(this.node, "", this.opened))
        : button("retry", () => void this.arrive());
    fill(byId("problem"), el("h2", {}, say(error.title)), el("p", {}, error.text), step);
    byId("key-title").textContent = say(error.title);
    byId("key-text").textContent = error.text;
    this.say(error.text);
  }

  private note(drawing: Drawing): void {
    for (const left of drawing.left_out) this.left.set(`${left.why} ${left.node ?? ""}`, left);
    this.cut ||= drawing.truncated && !drawing.left_out.some((left) => left.why !== "hub" && left.why !== "ties");
    this.tellLeft();
  }

  /** What is drawn, and what is not: hubs, cut holders, private ties. */
  private tellLeft(): void {
    const lines = leftLines([...this.left.values()]).map(([why, text]) => el("li", { class: why }, text));
    if (this.cut) lines.push(el("li", {}, say("left_cut")));
    const counts = this.canvas.counts();
    byId("counts").textContent = counts.people || counts.things ? say("drawn", counts) : "";
    byId("left").hidden = !this.node;
    byId("left-title").textContent = `${say("left_out")} (${lines.length})`;
    fill(byId("left-list"), ...(lines.length ? lines : [el("li", { class: "quiet" }, say("complete"))]));
  }

  private listen(): void {
    byId("language").addEventListener("click", () => this.changeLanguage());
    const key = byId<HTMLDetailsElement>("legend");
    const onPaper = matchMedia("print"); // a picture without its key says little
    let wasOpen = key.open;
    onPaper.addEventListener("change", () => {
      if (onPaper.matches) wasOpen = key.open;
      key.open = onPaper.matches || wasOpen;
    });
    byId("cases").addEventListener("click", () => (document.body.classList.contains("queueing") ? this.go("", this.asOf) : this.toQueue({})));
    byId("fit").addEventListener("click", () => this.canvas.fit());
    byId("save-png").addEventListener("click", () => keepBlob(this.canvas.png(), "ringfence.png"));
    byId("zoom-in").addEventListener("click", () => this.canvas.zoom(1.25));
    byId("zoom-out").addEventListener("click", () => this.canvas.zoom(0.8));
    byId("home").addEventListener("click", (event) => {
      event.preventDefault();
      this.go("", this.asOf);
    });
    byId<HTMLFormElement>("key-form").addEventListener("submit", (event) => {
      event.preventDefault(); // the browser would close the dialog after a refusal has opened it again
      byId<HTMLDialogElement>("key").close();
      keep(byId<HTMLInputElement>("key-field").value);
      this.myself = null;
      void this.arrive();
    });
  }

  /** Say everything again; nothing is asked for, and nothing drawn moves. */
  private changeLanguage(): void {
    speak(spoken() === "en" ? "zh" : "en");
    const asked = new URLSearchParams(location.search);
    if (asked.has("lang")) history.replaceState(null, "", address(this.node, this.asOf, this.opened, this.file));
    localStorage.setItem("ringfence-language", spoken());
    const scrolled = this.side.scrollTop;
    this.words();
    this.tellLeft();
    this.paint();
    if (!byId("queue").hidden) this.queue.paint();
    this.timeline.paint();
    this.side.scrollTop = scrolled;
    this.say("");
    if (this.problem) this.tellProblem(this.problem);
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
    this.time.show(this.asOf);
    fill(byId("legend-list"), ...legend());
  }

  private say(text: string): void {
    byId("status").textContent = text;
  }
}

/** What a ring's reason points at in the drawing. */
function pointsAt(code: string): string {
  const shared = /^RING_SHARED_(.+)$/.exec(code)?.[1]?.toLowerCase();
  if (shared) return `node.${shared}`;
  const known: Record<string, string> = { RING_CONFIRMED_MEMBERS: "node.bad", RING_SAME_AGENT: "node.agent", RING_SAME_MERCHANT: "node.merchant", RING_EMULATORS: "node.device" };
  return known[code] ?? "node.person";
}

new Desk();
