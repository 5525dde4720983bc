// Asking the service. The key, where one is needed, lives in this tab's session storage only.
import { Refused, refusal } from "./refusals";

export type * from "./answers";

const KEY = "ringfence-key";

export function keep(key: string): void {
  sessionStorage.setItem(KEY, key.trim());
}

export async function ask<T>(path: string, values: Record<string, string>): Promise<T> {
  const query = new URLSearchParams(Object.entries(values).filter(([, value]) => value !== ""));
  return (await answered(`${base()}/${path}?${query}`, {})).json() as Promise<T>;
}

/** Ask with a body: what somebody searches may be a raw value, and no address may hold one. */
export async function post<T>(path: string, values: Record<string, string>, signal?: AbortSignal): Promise<T> {
  return (await answered(`${base()}/${path}`, { ...sent(values), signal })).json() as Promise<T>;
}

/** Ask the routes of cases, with a body where something is to be done. */
export async function cases<T>(path: string, body?: Record<string, unknown>): Promise<T> {
  return (await caseAnswer(path, body)).json() as Promise<T>;
}

export async function caseAnswer(path: string, body?: Record<string, unknown>): Promise<Response> {
  try {
    return await answered(`${document.documentElement.dataset.cases ?? "/cases"}${path}`, body ? sent(body) : {});
  } catch (error) {
    throw error instanceof Refused ? error.aboutCases() : error;
  }
}

/** What a route of the desk answers as a file. */
export async function file(path: string, values: Record<string, string>): Promise<Response> {
  return answered(`${base()}/${path}`, sent(values));
}

function base(): string {
  return document.documentElement.dataset.base ?? "/desk";
}

function sent(values: Record<string, unknown>): RequestInit {
  return { method: "POST", body: JSON.stringify(values), headers: { "Content-Type": "application/json" } };
}

async function answered(url: string, request: RequestInit): Promise<Response> {
  const key = sessionStorage.getItem(KEY);
  if (key && /[^\x21-\x7e]/.test(key)) throw new Refused(401, "no_valid_key", "", true); // no header holds it, so no service knows it
  let answer: Response;
  try {
    answer = await fetch(url, { ...request, headers: { ...request.headers, ...(key ? { Authorization: `Bearer ${key}` } : {}) } });
  } catch (error) {
    if (error instanceof DOMException && error.name === "AbortError") throw error;
    throw new Refused(0);
  }
  if (answer.ok) return answer;
  throw await refusal(answer, key !== null);
}
