import { RULES_OF_ACCESS } from "./rules-of-access.ts";
import { RULES_OF_EFFECT } from "./rules-of-effect.ts";
import { RULES_OF_WORDS } from "./rules-of-words.ts";
import type { Found, Rule, Severity, Subject } from "./subject.ts";

const RULES: readonly Rule[] = [...RULES_OF_WORDS, ...RULES_OF_EFFECT, ...RULES_OF_ACCESS];

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

/** The same subject has the same report, whenever and wherever it is made. */
export function reportRisks(subject: Subject): RiskReport {
  const findings = RULES.flatMap((rule) => weigh(rule, rule.find(subject).slice(0, FINDINGS_OF_RULE_MAX)));
  const sum = findings.reduce((total, { points }) => total + points, 0);
  return { score: Math.min(100, sum), findings };
}

function weigh({ id, severity, title, why, todo, points, pointsMax }: Rule, found: Found[]): Finding[] {
  let left = pointsMax;
  return found.map((one) => {
    const added = Math.min(points, left);
    left -= added;
    return { rule: id, severity, title, why, todo, ...one, points: added };
  });
}

const LEVELS = { high: "error", medium: "warning", low: "note" } as const;

/** SARIF 2.1.0, for tools that gather findings. */
export function toSarif(report: RiskReport, connector: { name: string; url: string }) {
  const rules = RULES.filter(({ id }) => report.findings.some(({ rule }) => rule === id));
  return {
    $schema: "https://json.schemastore.org/sarif-2.1.0.json",
    version: "2.1.0",
    runs: [
      {
        tool: {
          driver: {
            name: "Gatehouse",
            rules: rules.map(({ id, title, why, todo, severity }) => ({
              id,
              shortDescription: { text: title },
              fullDescription: { text: why },
              help: { text: todo },
              defaultConfiguration: { level: LEVELS[severity] },
            })),
          },
        },
        properties: { score: report.score },
        results: report.findings.map(({ rule, severity, title, detail, tool, pointer, points }) => ({
          ruleId: rule,
          level: LEVELS[severity],
          message: { text: `${title}: ${tool === null ? connector.name : tool} ${detail}` },
          locations: [
            {
              physicalLocation: { artifactLocation: { uri: connector.url } },
              logicalLocations: [{ fullyQualifiedName: `${tool ?? connector.name}#${pointer}`, kind: "member" }],
            },
          ],
          properties: { points },
        })),
      },
    ],
  };
}
