import { RULES_OF_ACCESS } from "./rules-of-access.ts";
import { RULES_OF_EFFECT } from "./rules-of-effect.ts";
import { RULES_OF_WORDS } from "./rules-of-words.ts";
import type { Found, Rule, Subject } from "./subject.ts";
import { type FoundByRule, type RiskReport, weighRisks } from "./weigh.ts";

const RULES: readonly Rule[] = [...RULES_OF_WORDS, ...RULES_OF_EFFECT, ...RULES_OF_ACCESS];

/** More of them, of one rule in one tool, would add nothing to the score. */
const FINDINGS_OF_TOOL_MAX = 10;

/** The same subject has the same report, whenever and wherever it is made. */
export function reportRisks(subject: Subject): RiskReport {
  return weighRisks(findRisks(subject));
}

export function findRisks(subject: Subject): FoundByRule[] {
  return RULES.map(({ find, ...rule }) => ({ ...rule, found: fewOfEachTool(find(subject)) }));
}

function fewOfEachTool(found: Found[]): Found[] {
  const counts = new Map<string | null, number>();
  return found.filter(({ tool }) => {
    const count = (counts.get(tool) ?? 0) + 1;
    counts.set(tool, count);
    return count <= FINDINGS_OF_TOOL_MAX;
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
