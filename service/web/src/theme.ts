// Light or dark: as the reader chose, else as their system has it. Paper is never dark.
import { byId } from "./dom";

const KEY = "ringfence-theme";
const system = matchMedia("(prefers-color-scheme: dark)");

function shown(): string {
  return localStorage.getItem(KEY) ?? (system.matches ? "dark" : "light");
}

/** Dress the page, and again whenever that changes; `changed` is told after each change. */
export function themes(changed: () => void): void {
  const dress = (): void => {
    document.documentElement.dataset.theme = shown();
    byId("theme").setAttribute("aria-pressed", String(shown() === "dark"));
    changed();
  };
  byId("theme").addEventListener("click", () => {
    localStorage.setItem(KEY, shown() === "dark" ? "light" : "dark");
    dress();
  });
  system.addEventListener("change", dress);
  matchMedia("print").addEventListener("change", changed);
  dress();
}
