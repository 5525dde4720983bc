// Asking the service. The key, where one is needed, lives in this tab's session storage only.
import { Refused, refusal } from "./refusals";

export type * from "./answers";

const KEY = "ringfence-key";
const PURPOSE = "ringfence-purpose"; // for what somebody looks, until the tab is closed

export function keep(key: string): void {
  sessionStorage.setItem(KEY, key.trim());
}

/** For what whoever sits here looks; empty where nobody has said. */
export function lookingFor(): string {
  return sessionStorage.getItem(PURPOSE) ?? "";
}

export function lookFor(purpose: string): void {
  sessionStorage.setItem(PURPOSE, purpose);
}

export async function ask<T>(path: string, values: Record<string, string>): Promise<T> {
  const query = new URLSearchParams(Object.entries(values).filter(([, value]) => value !== ""));
  return (await answered(`${base()}/${path}?${query}`, {})).json() as Promise<T>;
}

/** Ask with a body: what somebody searches may be a raw value, and no address may hold one. */
export async function post<T>(path: string, values: Record<string, unknown>, signal?: AbortSignal): Promise<T> {
  return (await answered(`${base()}/${path}`, { ...sent(values), signal })).json() as Promise<T>;
}

/** Take away what the path names. */
export async function erase(path: string): Promise<void> {
  await answered(`${base()}/${path}`, { method: "DELETE" });
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

/** Ask an address of neither the desk nor of cases to do something. */
export async function caseless<T>(url: string): Promise<T> {
  return (await answered(url, sent({}))).json() as Promise<T>;
}

/** Ask an address of neither the desk nor of cases. */
export async function elsewhere<T>(url: string): Promise<T> {
  return (await answered(url, {})).json() as Promise<T>;
}

export function hasKey(): boolean {
  return sessionStorage.getItem(KEY) !== null;
}

let token = ""; // of the session, without which nothing is changed

async function headers(request: RequestInit, key: string | null): Promise<Record<string, string>> {
  const file = new URLSearchParams(location.search).get("case");
  const said = [lookingFor(), file ? `case ${file}` : ""].filter(Boolean).join(": ");
  const purpose: Record<string, string> = said ? { "X-Purpose": encodeURIComponent(said) } : {};
  if (key) return { ...purpose, Authorization: `Bearer ${key}` };
  if ((request.method ?? "GET") === "GET" || !document.documentElement.dataset.login) return purpose;
  token ||= (await ask<{ csrf: string | null }>("me", {})).csrf ?? "";
  return { ...purpose, "X-CSRF-Token": token };
}

async function answered(url: string, request: RequestInit): Promise<Response> {
  const key = sessionStorage.getItem(KEY);
  if (key && /[^\x21-\x7e]/.test(key)) throw new Refused(401, "no_valid_key", "", true); // no header holds it, so no service knows it
  const extra = await headers(request, key);
  let answer: Response;
  try {
    answer = await fetch(url, { ...request, headers: { ...request.headers, ...extra } });
  } catch (error) {
    if (error instanceof DOMException && error.name === "AbortError") throw error;
    throw new Refused(0);
  }
  if (answer.ok) return answer;
  const refused = await refusal(answer, key !== null);
  if (refused.code === "csrf_token_missing" && token) { // somebody logged in anew in another tab
    token = "";
    return answered(url, request);
  }
  throw refused;
}
