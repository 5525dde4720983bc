// Files that come from the reader's machine and go there.

/** Let the browser save what an answer holds. */
export async function save(answer: Response, name: string): Promise<void> {
  keepBlob(await answer.blob(), name);
}

export function keepBlob(blob: Blob, name: string): void {
  const address = URL.createObjectURL(blob);
  const link = document.createElement("a");
  link.href = address;
  link.download = name;
  link.click();
  setTimeout(() => URL.revokeObjectURL(address), 10_000);
}

const TYPES: Record<string, string> = { png: "image/png", jpg: "image/jpeg", jpeg: "image/jpeg", pdf: "application/pdf", txt: "text/plain", csv: "text/csv" };

/** The file in a field as the service takes it; null where none was chosen. */
export async function chosenFile(field: HTMLInputElement): Promise<{ name: string; media_type: string; content: string } | null> {
  const chosen = field.files?.[0];
  if (!chosen) return null;
  const ending = chosen.name.split(".").pop()?.toLowerCase() ?? "";
  const bytes = new Uint8Array(await chosen.arrayBuffer());
  let text = "";
  for (let start = 0; start < bytes.length; start += 32_768) text += String.fromCharCode(...bytes.subarray(start, start + 32_768));
  return { name: chosen.name, media_type: TYPES[ending] ?? chosen.type, content: btoa(text) };
}
