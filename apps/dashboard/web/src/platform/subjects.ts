import type { Amounts, Subject } from "../limits/amounts.ts";

export type Limits = Partial<Record<Subject, Amounts>>;

export const SUBJECTS: readonly { subject: Subject; label: string }[] = [
  { subject: "org", label: "The whole organisation" },
  { subject: "member", label: "Each member" },
  { subject: "client", label: "Each client" },
  { subject: "connector", label: "Each connector" },
  { subject: "tool", label: "Each tool" },
];
