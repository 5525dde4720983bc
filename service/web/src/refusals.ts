// What the service refused, in the reader's language: a sentence for each, with the next step.
import { say, type Word } from "./words";

/** A refusal. `status` 0 is no answer at all; `code` is the service's stable word; `request` names the request in its log. */
export class Refused extends Error {
  private cases = false;

  constructor(readonly status: number, readonly code = "", private readonly request = "", private readonly withKey = false) {
    super(`${status} ${code}`);
  }

  /** The same, of what was asked of cases: another scope opens these. */
  aboutCases(): this {
    this.cases = true;
    return this;
  }

  /** Whether another key would help. */
  get wantsKey(): boolean {
    return this.status === 401 || (this.code === "scope_missing" && this.withKey);
  }

  /** Whether logging in by name would help: nobody gave a key. */
  get wantsLogin(): boolean {
    return this.status === 401 && !this.withKey;
  }

  get title(): Word {
    if (this.code === "session_ended") return "session_title";
    if (this.code === "purpose_missing") return "purpose_title";
    if (this.code === "scope_missing" && !this.withKey) return "role_title";
    if (this.code === "scope_missing") return this.cases ? "case_scope_title" : "scope_title";
    if (this.status === 401) return this.withKey ? "wrong_key_title" : "key_title";
    if (this.code === "moment_in_the_future") return "coming_title";
    if (this.status === 404) return "unknown_title";
    return this.code === "unreadable_moment" ? "moment_title" : "failed";
  }

  /** Whether asking again would change nothing: there is nothing of that name. */
  get unknown(): boolean {
    return this.status === 404;
  }

  /** Whether saying for what would help. */
  get wantsPurpose(): boolean {
    return this.code === "purpose_missing";
  }

  /** Whether another moment would help. */
  get wantsMoment(): boolean {
    return this.code === "unreadable_moment" || this.code === "moment_in_the_future";
  }

  /** The sentence, in the language spoken now. */
  get text(): string {
    return say(this.word, { request: this.request || "–" });
  }

  get word(): Word {
    if (this.code === "session_ended") return "session_text";
    if (this.code === "scope_missing" && !this.withKey) return "role_text";
    if (this.status === 401) return this.withKey ? "wrong_key_text" : "key_text";
    if (this.code === "scope_missing" && this.cases) return "case_scope_text";
    if (this.code === "ring_unknown" && this.cases) return "case_ring_gone";
    const known = BY_CODE[this.code];
    if (known) return known;
    if (this.status === 0) return "offline";
    if (this.status === 404) return "not_found";
    if (this.status === 503) return "unavailable";
    return this.status >= 500 ? "fault" : "bad_address";
  }
}

const BY_CODE: Record<string, Word> = {
  scope_missing: "scope_text",
  no_lender: "no_lender",
  purpose_missing: "purpose_text",
  unreadable_moment: "moment_text",
  moment_in_the_future: "coming_text",
  raw_value_in_address: "raw_in_address",
  ring_unknown: "ring_not_found",
  rate_limited: "too_many",
  case_unknown: "case_not_found",
  case_changed: "case_was_changed",
  conflict: "case_conflict",
  invalid_fields: "fields_wrong",
  too_large: "file_too_large",
};

/** The refusal that an answer is. */
export async function refusal(answer: Response, withKey: boolean): Promise<Refused> {
  try {
    const problem = (await answer.json()) as { code?: string; request_id?: string };
    return new Refused(answer.status, problem.code ?? "", problem.request_id ?? "", withKey);
  } catch {
    return new Refused(answer.status, "", answer.headers.get("X-Request-Id") ?? "", withKey);
  }
}
