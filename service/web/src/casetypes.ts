// Cases as the service answers them.
export interface CaseSummary {
  case_id: string;
  state: string;
  kind: string;
  lenders: string[];
  due_at: string;
  overdue: boolean;
  assignee: string | null;
  opened_at: string;
  reason: string;
  reason_codes: string[];
  ring_id: string | null;
  snapshot: string | null;
  applicant_id: string | null;
  assessment_id: string | null;
  exposure: number;
  probability: number | null; // null where nobody had scored the applicant
  probability_of: string; // what that is: a bad share, a share of loans with such an alert, a probability of fraud
  expected_loss: number;
  priority: string;
  version: number;
}

export interface Step {
  at: string;
  by: string;
  kind: string;
  state: string;
  note: string | null;
}

export interface Conclusion {
  at: string;
  by: string;
  value: string;
  note: string | null;
  people: Record<string, string>;
}

export interface CaseDetail extends CaseSummary {
  as_of: string; // when its people are shown: just after all that was known at its opening
  history: Step[];
  verdicts: Conclusion[];
  proposed: Conclusion | null;
  second_needed: boolean;
  linked: string[];
  attachments: { attachment_id: number; at: string; by: string; name: string; media_type: string; size: number; sha256: string }[];
  labels: Record<string, string>;
  labels_owed: boolean;
}

export interface CasePage {
  total: number;
  counts: Record<string, number>;
  cases: CaseSummary[];
}

/** Somebody to whom a case may be given. */
export interface Assignee {
  name: string;
  open_cases: number;
  shared_out: boolean;
}

export interface Me {
  name: string;
  scopes: string[];
  role: string | null; // of a user; a key has none
  csrf: string | null;
  purposes: string[] | null; // of which one must be chosen; null where none must
}

/** What somebody has written and not sent yet; it outlives refusals, changes by others, and languages. */
export interface Draft {
  note: string;
  value: string;
  people: Record<string, string>;
  everyone: boolean;
  why: string;
  other: string;
  due: string;
  assignee: string;
  priority: string;
}

/** Whom or what a case is about, by the id that people know. */
export function aboutOf(found: CaseSummary): string {
  return found.ring_id ?? found.applicant_id ?? "";
}

/** The node of the drawing that a case is about. */
export function subjectOf(found: CaseSummary): string {
  return found.ring_id ? `ring:${found.ring_id}` : `applicant:${found.applicant_id ?? ""}`;
}
