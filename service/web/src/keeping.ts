// What the tab holds of a drawing until it is closed: places, filters and what was hidden; ids and pseudonyms, nothing raw.
import type { View } from "./canvas";
import { rounded } from "./layout";
import type { Made } from "./work";

const KEY = "ringfence-work";

export interface Kept {
  made: Made;
  view: View | null;
}

export function remember(node: string, kept: Kept): void {
  try {
    sessionStorage.setItem(KEY, JSON.stringify({ node, view: kept.view, made: { ...kept.made, places: rounded(kept.made.places) } }));
  } catch {
    sessionStorage.removeItem(KEY); // no room for so large a drawing: a reload lays it out anew
  }
}

/** What is held of that node; null for another one. */
export function recalled(node: string): Kept | null {
  const text = sessionStorage.getItem(KEY);
  if (!text) return null;
  const kept = JSON.parse(text) as Kept & { node: string };
  return kept.node === node ? kept : null;
}
