// By which name the key goes, and what it opens.
import { ask } from "./api";
import type { Me } from "./casetypes";

let myself: Promise<Me> | null = null;

export function me(): Promise<Me> {
  myself ??= ask<Me>("me", {});
  myself.catch(() => (myself = null));
  return myself;
}

/** Another key is kept: ask again. */
export function forgetMe(): void {
  myself = null;
}
