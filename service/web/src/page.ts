// The frame of the page: its words wherever the page names one, and the key to the drawing.
import { showAccount } from "./account";
import { byId, fill } from "./dom";
import { legend } from "./legend";
import { showPurpose } from "./purpose";
import { say, spoken, type Word } from "./words";

export function pageWords(): void {
  document.documentElement.lang = spoken() === "zh" ? "zh-CN" : "en";
  document.title = `${say("brand")} · ${say("desk")}`;
  for (const place of document.querySelectorAll<HTMLElement>("[data-word]")) place.textContent = say(place.dataset.word as Word);
  for (const place of document.querySelectorAll<HTMLElement>("[data-title]")) {
    place.title = say(place.dataset.title as Word);
    place.setAttribute("aria-label", place.title);
  }
  byId<HTMLInputElement>("q").placeholder = say("search_hint");
  fill(byId("legend-list"), ...legend());
  void showAccount();
  void showPurpose();
}

/** A picture without its key says little: on paper the key is open. */
export function keyOnPaper(): void {
  const key = byId<HTMLDetailsElement>("legend");
  const onPaper = matchMedia("print");
  let wasOpen = key.open;
  onPaper.addEventListener("change", () => {
    if (onPaper.matches) wasOpen = key.open;
    key.open = onPaper.matches || wasOpen;
  });
}
