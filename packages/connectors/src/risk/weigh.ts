import type { Found, Rule, Severity } from "./subject.ts";

/** What one rule has found. */
export interface FoundByRule extends Omit<Rule, "find"> {
  found: Found[];
}

export interface Finding extends Found {
  rule: string;
  severity: Severity;
  title: string;
  why: string;
  todo: string;
  /** What it adds to the score; 0 where its rule has added all it may. */
  points: number;
}

export interface RiskReport {
  /** From 0 to 100: the sum of the findings' points, and 100 at most. */
  score: number;
  findings: Finding[];
}

const FINDINGS_OF_RULE_MAX = 200;

export function weighRisks(all: readonly FoundByRule[]): RiskReport {
  const findings = all.flatMap(weigh);
  const sum = findings.reduce((total, { points }) => total + points, 0);
  return { score: Math.min(100, sum), findings };
}

function weigh({ id, severity, title, why, todo, points, pointsMax, found }: FoundByRule): Finding[] {
  let left = pointsMax;
  return found.slice(0, FINDINGS_OF_RULE_MAX).map((one) => {
    const added = Math.min(points, left);
    left -= added;
    return { rule: id, severity, title, why, todo, ...one, points: added };
  });
}

/** What is left of it where only these tools are offered: no rule looks at two of them at once. */
export function ofTools(all: readonly FoundByRule[], names: ReadonlySet<string>): FoundByRule[] {
  return all.map(({ found, ...rule }) => ({
    ...rule,
    found: found.filter(({ tool }) => tool === null || names.has(tool)),
  }));
}
