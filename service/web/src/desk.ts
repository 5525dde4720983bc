// The conductor: the address says what is shown (node, as_of, open, lang); everything else follows from it.
import { listenToAccount } from "./account";
import { address, chosenLanguage, modelAddress, MOST_OPENED, queueAddress, RAW, verdictsAddress } from "./address";
import { ask, cases, type DrawnNode, type Overview } from "./api";
import { CaseFile } from "./casefile";
import { type CaseDetail, subjectOf } from "./casetypes";
import { byId, el } from "./dom";
import { caseExports } from "./exports";
import { tellIn } from "./formats";
import { ModelPage } from "./modelwatch";
import { caseOpen } from "./narrow";
import { keyOnPaper, pageWords } from "./page";
import { overviewPanel } from "./panel";
import type { Ways } from "./parts";
import { Problems } from "./problems";
import { listenToPurpose } from "./purpose";
import { Queue } from "./queue";
import { FILTERS } from "./queuefilters";
import { Refused } from "./refusals";
import { Search } from "./search";
import { Sheet } from "./sheet";
import { Side } from "./side";
import { Ties } from "./ties";
import { themes } from "./theme";
import { TimeField } from "./timefield";
import { Timeline } from "./timeline";
import { Verdicts } from "./verdicts";
import { savedView } from "./views";
import { forgetMe, me } from "./whoami";
import { name, say, speak, spoken } from "./words";

class Desk {
  private node = "";
  private asOf = "";
  private page = 0; // grows with each address: answers about an earlier one are dropped
  private busy = 0; // questions not answered yet
  private file = ""; // the case that is open
  private readonly sheet = new Sheet({
    asOf: () => this.asOf,
    view: (id) => void this.shared(id),
    look: (node) => void this.look(node),
    open: (node) => this.go(node, this.asOf),
    moved: () => history.replaceState(null, "", address(this.node, this.asOf, this.sheet.opened, this.file)),
    guarded: (run) => this.guarded((page) => run(() => page === this.page)),
    said: (text) => this.say(text),
  });
  private readonly ways: Ways = {
    open: (node) => this.go(node, this.asOf),
    expand: (node) => void this.sheet.expand(node),
    light: (path, code) => void this.sheet.light(path, code),
    lightReason: (code) => this.sheet.lightReason(code),
    past: () => this.timeline.past,
    lightCode: (code) => this.sheet.lightCode(code),
    openCase: (node) => void this.begin(node),
    tied: (node) => this.ties.part(node),
  };
  private readonly ties = new Ties({
    asOf: () => this.asOf,
    people: () => this.sheet.canvas.all().filter((node) => node.type === "applicant").map((node) => node.label),
    shown: (found) => this.sheet.tie(found),
    lit: (path) => this.sheet.canvas.lit(path),
    paint: () => this.side.repaint(),
    said: (text) => this.say(text),
  });
  private readonly caseFile = new CaseFile({
    ...this.ways,
    paint: () => this.side.repaint(),
    said: (text) => this.say(text),
    me,
    case: (id) => this.toCase(id),
    exports: (found) => caseExports(found.case_id, this.timeline.past, (run) => void this.guarded(run), (text) => this.say(text)),
  });
  private readonly queue = new Queue(byId("queue"), {
    open: (id) => this.toCase(id),
    narrow: (filters) => this.toQueue(filters),
    me,
    verdicts: () => this.toVerdicts(""),
    model: () => this.toModel(""),
    said: (text) => this.say(text),
  });
  private readonly verdicts = new Verdicts(byId("verdicts"), {
    asOf: () => this.asOf,
    narrow: (days) => this.toVerdicts(days),
    queue: () => this.toQueue({}),
    said: (text) => this.say(text),
  });
  private readonly model = new ModelPage(byId("model"), { narrow: (days) => this.toModel(days), queue: () => this.toQueue({}), said: (text) => this.say(text) });
  private readonly side = new Side({ asOf: () => this.asOf, guarded: (run) => this.guarded(run), back: (node) => this.wayBack(node), ways: this.ways });
  private readonly problems = new Problems({
    again: () => void this.arrive(),
    now: () => this.go(this.node, "", this.sheet.opened),
    home: () => this.go("", this.asOf),
    queue: () => this.toQueue(this.queue.filters),
    keyed: () => void (forgetMe(), this.arrive()),
    said: (text) => this.say(text),
  });
  private readonly time = new TimeField((asOf) => this.go(this.node, asOf, this.sheet.opened));
  private readonly timeline = new Timeline((moment) => this.time.at(moment), () => this.time.now(), () => this.time.moment());
  private readonly search = new Search(() => this.asOf, (node) => (node.startsWith("case:") ? this.toCase(node.slice(5)) : this.go(node, this.asOf)), (error) => this.problems.refuse(error));
  constructor() {
    tellIn(document.documentElement.dataset.zone ?? "UTC");
    this.listen();
    listenToAccount();
    listenToPurpose(() => void this.arrive());
    addEventListener("popstate", () => void this.arrive());
    speak(chosenLanguage());
    void this.arrive();
  }

  /** Show what the address says. Of what is drawn already, whatever is still there then stays where it is. */
  private async arrive(): Promise<void> {
    const asked = new URLSearchParams(location.search);
    if (asked.has("view")) return this.shared(asked.get("view") ?? "");
    const same = this.node !== "" && asked.get("node") === this.node;
    const file = asked.get("case") ?? "";
    const sameFile = file !== "" && file === this.file && this.caseFile.found !== null;
    const [queueing, judging, watching] = [asked.has("queue"), asked.has("verdicts"), asked.has("model")];
    this.file = file;
    this.node = asked.get("node") ?? "";
    this.asOf = asked.get("as_of") ?? "";
    const raw = RAW.exec(this.node);
    if (raw) { // an address of somebody's own making: the value goes into the search, and nowhere else
      this.node = "";
      history.replaceState(null, "", address("", this.asOf, []));
      this.search.seek(raw[1] ?? "");
    }
    this.sheet.opened = asked.getAll("open").slice(0, MOST_OPENED);
    this.sheet.node = this.node;
    this.page += 1;
    this.side.leave();
    this.words();
    if (!same) this.wipe();
    if (!this.node && !file) this.timeline.hide();
    document.body.classList.toggle("queueing", queueing || judging || watching);
    caseOpen(file !== "");
    byId("queue").hidden = !queueing;
    byId("verdicts").hidden = !judging;
    byId("model").hidden = !watching;
    byId("cases").setAttribute("aria-pressed", String(queueing));
    byId("empty").hidden = Boolean(this.node || file || queueing || judging || watching);
    byId<HTMLDetailsElement>("legend").open = !this.node && !file && matchMedia("(min-width: 901px)").matches;
    await this.guarded(async (page) => {
      try {
        if (queueing) await this.queue.show(Object.fromEntries([...asked].filter(([key]) => FILTERS.includes(key))));
        else if (judging) await this.verdicts.show(asked.get("verdicts") ?? "");
        else if (watching) await this.model.show(asked.get("model") ?? "");
        else if (file) await this.showCase(page, sameFile, same);
        else if (this.node) await this.draw(page, same ? this.sheet.canvas.selected() : "");
        else await this.overview(page);
      } catch (error) {
        if (page === this.page) this.wipe(); // what was drawn before is not of this moment
        throw error;
      }
    });
  }

  /** A saved view becomes what this tab holds of its node, and the address says the rest. */
  private async shared(id: string): Promise<void> {
    this.words();
    await this.guarded(async () => {
      const { node, as_of, made } = await savedView(id);
      this.sheet.take(node, made);
      this.node = "";
      history.replaceState(null, "", address(node, as_of, made.opened));
      await this.arrive();
    });
  }

  /** A case with its drawing beside it, as of the case's moment unless the address says another. */
  private async showCase(page: number, loaded: boolean, drawn: boolean): Promise<void> {
    const found = loaded && this.caseFile.found ? this.caseFile.found : await this.caseFile.load(this.file);
    if (page !== this.page) return;
    this.say("");
    const subject = subjectOf(found);
    if (!this.node) {
      this.node = this.sheet.node = subject;
      this.asOf = found.as_of;
      history.replaceState(null, "", address(this.node, this.asOf, [], this.file));
      this.words();
    }
    const beside = this.node === subject;
    if (beside) this.besideCase();
    try {
      await this.draw(page, drawn ? this.sheet.canvas.selected() : "", beside);
    } catch (error) {
      if (!beside || !(error instanceof Refused) || !error.unknown) throw error;
      if (page === this.page) this.undrawn(error);
    }
    if (page !== this.page) return;
    await this.caseFile.details(this.asOf, this.node === subject ? this.timeline.past : null);
    if (page === this.page) this.side.repaint();
  }

  /** A case whose subject was not known yet at its moment: the refusal stands in the drawing's place, the case beside it. */
  private undrawn(error: Refused): void {
    this.sheet.wipe();
    this.problems.refuse(error);
  }

  private readonly besideCase = (): void => this.side.show(() => this.wayBack(""), () => this.caseFile.panel());

  private toCase(id: string): void {
    history.pushState(null, "", address("", "", [], id));
    this.node = "";
    void this.arrive();
  }

  private toQueue(filters: Record<string, string>): void {
    history.pushState(null, "", queueAddress(filters));
    void this.arrive();
  }

  private toModel(days: string): void {
    history.pushState(null, "", modelAddress(days));
    void this.arrive();
  }

  private toVerdicts(days: string): void {
    history.pushState(null, "", verdictsAddress(days, this.asOf));
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

  private async draw(page: number, selected: string, beside = false): Promise<void> {
    const canvas = this.sheet.canvas;
    const drawing = await this.sheet.draw(() => page === this.page);
    if (drawing === null) return;
    this.time.heard(drawing.as_of);
    const chosen = [selected, drawing.seed].find((node) => canvas.has(node));
    const told = this.timeline.show(this.node, this.asOf, () => page === this.page);
    if (beside) await told;
    else void told.then(() => this.side.repaint());
    if (page !== this.page) return;
    if (beside && (!chosen || chosen === drawing.seed)) canvas.mark(chosen ?? "");
    else if (chosen) canvas.select(chosen);
    else await this.side.dossier(this.node);
  }

  private async overview(page: number): Promise<void> {
    const found = await ask<Overview>("overview", { as_of: this.asOf });
    if (page !== this.page) return;
    this.time.heard(found.as_of);
    this.side.show(() => overviewPanel(found, this.ways));
    this.say("");
  }

  private go(node: string, asOf: string, opened: string[] = []): void {
    history.pushState(null, "", address(node, asOf, opened, node ? this.file : ""));
    void this.arrive();
  }

  /** The panel of the selected node; of a ring when the ring itself was searched. */
  private async look(node: DrawnNode | null): Promise<void> {
    if (!node) return;
    this.say(`${name(node.type)} ${node.label}`);
    await this.guarded(() => this.side.dossier(node.id));
  }

  private wayBack(node: string): HTMLElement {
    if (this.file) return this.caseBack(node);
    const ring = this.node.startsWith("ring:") && node !== this.node ? this.node : "";
    const back = (): void => (ring ? void this.guarded(() => this.side.dossier(ring)) : this.go("", this.asOf));
    return el("button", { type: "button", class: "back", click: back }, `‹ ${ring ? ring.slice(5) : say("back")}`);
  }

  /** From a case to the queue, from anything else beside it to the case. */
  private caseBack(node: string): HTMLElement {
    const found = this.caseFile.found;
    const subject = found ? subjectOf(found) : "";
    const back = (): void => {
      if (!node) this.toQueue(this.queue.filters);
      else if (this.node === subject) this.besideCase();
      else this.toCase(this.file);
    };
    const way = el("button", { type: "button", class: "back", click: back }, `‹ ${say(node ? "case" : "queue_title")}`);
    const next = node ? "" : this.queue.behind(this.file);
    return el("div", { class: "ways" }, way, next !== "" && el("button", { type: "button", class: "back", id: "next-case", click: () => this.toCase(next) }, `${say("next_case")} ›`));
  }

  private wipe(): void {
    this.sheet.wipe();
    this.side.clear();
  }

  /** Run with the busy mark on; a refusal is told in the page. */
  private async guarded(run: (page: number) => Promise<void>): Promise<void> {
    const page = this.page;
    this.busy += 1;
    document.body.classList.add("busy");
    this.problems.refuse(null);
    try {
      await run(page);
    } catch (error) {
      if (!(error instanceof Refused)) throw error;
      if (page === this.page) this.problems.refuse(error);
    } finally {
      this.busy -= 1;
      if (!this.busy) document.body.classList.remove("busy");
    }
  }

  private listen(): void {
    byId("language").addEventListener("click", () => this.changeLanguage());
    keyOnPaper();
    themes(() => this.sheet.canvas.dress());
    byId("cases").addEventListener("click", () => (document.body.classList.contains("queueing") ? this.go("", this.asOf) : this.toQueue({})));
    byId("home").addEventListener("click", (event) => {
      event.preventDefault();
      this.go("", this.asOf);
    });
  }

  /** Say everything again; nothing is asked for, and nothing drawn moves. */
  private changeLanguage(): void {
    speak(spoken() === "en" ? "zh" : "en");
    const asked = new URLSearchParams(location.search);
    if (asked.has("lang")) history.replaceState(null, "", address(this.node, this.asOf, this.sheet.opened, this.file));
    localStorage.setItem("ringfence-language", spoken());
    this.words();
    this.sheet.paint();
    this.side.repaint();
    if (!byId("queue").hidden) this.queue.paint();
    if (!byId("verdicts").hidden) this.verdicts.paint();
    if (!byId("model").hidden) this.model.paint();
    this.timeline.paint();
    this.say("");
    this.problems.paint();
  }

  private words(): void {
    pageWords();
    this.time.show(this.asOf);
  }

  private say(text: string): void {
    byId("status").textContent = text;
  }
}

new Desk();
