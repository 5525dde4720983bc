// What the service answers, as the page reads it.

/** A person's score as of a moment, recorded at another. */
export interface RecordedScore {
  application_id: string | null;
  as_of: string;
  scored_at: string;
  source: "risk" | "batch" | "shadow";
  model_version: string | null;
  score: number;
  probability: number | null;
  decision: string;
}

export interface DrawnNode {
  id: string;
  type: string;
  label: string;
  holders: number | null;
  hub: string | null;
  bad: boolean;
  ring_id: string | null;
  ring_kind: string | null;
  ring_flagged: boolean;
  ring_role: string | null;
  score: RecordedScore | null;
}

export interface DrawnEdge {
  a: string;
  b: string;
  role: string;
  since: string | null;
  last: string | null;
}

export interface LeftOut {
  why: "hub" | "holders" | "ties" | "members" | "bound";
  node: string | null;
  type: string | null;
  label: string | null;
  shown: number;
  total: number | null;
  capped: boolean;
  reason: string | null;
}

export interface Drawing {
  seed: string;
  as_of: string;
  nodes: DrawnNode[];
  edges: DrawnEdge[];
  left_out: LeftOut[];
  truncated: boolean;
  hubs: number;
}

export interface Found {
  node: string;
  type: string;
  label: string;
  exact: boolean;
  ring_id: string | null;
  ring_kind: string | null;
  ring_flagged: boolean;
  conclusion: string | null;
  holders: number | null;
  more_holders: boolean;
  state: string | null;
  subject: string | null;
}

export interface RingSummary {
  ring_id: string;
  kind: string;
  flagged: boolean;
  score: number;
  size: number;
  state: string;
  first_seen: string;
  confirmed_bad: number;
  suspected: number;
  bad_rate: number;
  exposure: number;
  shared_by_kind: Record<string, number>;
  hubs_ignored: number;
  burst_days: number;
  platforms: number;
  reason_codes: string[];
}

export interface Sentence {
  en: string;
  zh: string;
}

export interface Overview {
  snapshot: string | null;
  as_of: string;
  snapshot_as_of: string | null;
  groups: number;
  flagged: number;
  members_flagged: number;
  worst: RingSummary[];
  gone: { ring_id: string; here: boolean; kind: string | null; why: Sentence }[];
}

export interface Listed {
  application_id: string;
  applied_at: string;
  lender: string | null;
  own: boolean;
  product: string | null;
  amount: number | null;
  status: string | null;
}

export interface Place {
  ring_id: string;
  kind: string;
  flagged: boolean;
  score: number;
  state: string;
  size: number;
  role: string;
  joined_at: string;
}

export interface Reason {
  rank: number;
  code: string;
  text_en: string;
  text_zh: string;
  contribution: number;
  figures_en: string; // what was measured and what is usual, with units; empty where the text says all
  figures_zh: string;
  evidence: { path: string[]; shared_since: string | null }[];
}

export interface Assessment {
  assessment_id: string;
  application_id: string | null;
  as_of: string;
  decision: string;
  score: number | null;
  probability: number | null;
  uncertainty: string;
  degraded: { level: string; missing: string[]; reason: string | null };
  reasons: Reason[];
  dimensions: Record<string, number>;
}

export interface PersonDossier {
  type: "applicant";
  id: string;
  bad: boolean;
  applications: Listed[];
  events: { kind: string; at: string; received: boolean; other: string | null; amount: number | null }[];
  labels: { label: string; known_at: string; source: string | null; detail: string | null }[];
  place: Place | null;
  score: RecordedScore | null;
  in_shadow: RecordedScore[];
}

export interface ApplicationDossier {
  type: "application";
  id: string;
  applicant_id: string;
  listed: Listed;
  term_months: number | null;
  channel: string | null;
  city: string | null;
  face_match: number | null;
  liveness: number | null;
  phone_three_element: boolean | null;
  outcomes: { status: string; at: string; amount: number | null }[];
}

export interface Circle {
  people: number;
  more: boolean;
  applications: number;
  loans: number;
  amount: number;
  defaulted: number;
  outcomes: Record<string, number>;
  frauds: number;
  rings: { ring_id: string; kind: string; flagged: boolean; people: number }[];
  latest: { applicant_id: string; at: string; status: string | null; amount: number | null; bad: boolean }[];
  months: { month: string; applications: number; loans: number; bad: number }[];
}

export interface IdentifierDossier {
  type: string;
  id: string;
  masked: string;
  linking: boolean;
  holders: number;
  capped: boolean;
  hub: string | null;
  guard: number;
  circle: Circle;
  latest: { applicant_id: string; role: string; since: string; last: string }[];
  os: string | null;
  model: string | null;
  is_emulator: boolean | null;
  is_rooted: boolean | null;
}

export interface ShopDossier {
  type: "merchant" | "agent";
  id: string;
  category: string | null;
  city: string | null;
  opened_at: string | null;
  circle: Circle;
}

export interface RingDossier {
  type: "ring";
  id: string;
  snapshot: string;
  ring: RingSummary;
  change: string | null;
  flag: string;
  flag_why: Sentence;
  joined: number;
  left: number;
  members: { applicant_id: string; role: string; joined_at: string; strength: number; bad: boolean }[];
  size: number;
}

export interface Member {
  applicant_id: string;
  role: string | null;
  joined_at: string | null;
  bad: boolean;
  applications: { application_id: string; at: string; lender: string; city: string | null; amount: number | null; status: string | null; status_at: string | null }[];
  loans: number;
  amount: number;
  defaulted: number;
  labels: { at: string; label: string; source: string | null }[];
}

export interface Changed {
  at: string;
  snapshot: string;
  change: string;
  from_rings: string[];
  joined: number;
  left: number;
  flag: string;
}

/** What the people of a ring, or one person, did and when. */
export interface Past {
  node: string;
  as_of: string;
  size: number;
  members: Member[];
  changes: Changed[];
}

export interface Paths {
  a: string;
  b: string | null;
  paths: string[][];
  ties: DrawnEdge[][];
  people: number;
  truncated: boolean;
  drawing: Drawing;
}

/** What the watch found about a loan or a ring. */
export interface WatchAlert {
  alert_id: string;
  code: string;
  grade: "high" | "low";
  at: string;
  application_id: string | null;
  text_en: string;
  text_zh: string;
  evidence: { path: string[]; shared_since: string | null };
}

/** How often each verdict stands, of one kind, reason code or group. */
export interface VerdictRow {
  name: string;
  confirmed_fraud: number;
  false_positive: number;
  inconclusive: number;
  share_wrong: number | null;
}

export interface VerdictTable {
  since: string;
  until: string;
  kinds: VerdictRow[];
  reason_codes: VerdictRow[];
  groups: VerdictRow[];
}

export type Dossier = PersonDossier | ApplicationDossier | IdentifierDossier | ShopDossier | RingDossier;
