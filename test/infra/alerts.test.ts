import { glob, readFile } from "node:fs/promises";
import { basename, join } from "node:path";
import { promtool } from "@gatehouse/testing/promtool";
import { expect, test } from "vitest";
import { parse } from "yaml";

interface Rule {
  alert?: string;
  labels?: { severity: string };
  annotations?: { summary: string; runbook_url: string };
}

interface UnitTest {
  alert_rule_test?: { alertname: string; exp_alerts?: object[] }[];
}

const ROOT = join(import.meta.dirname, "../..");
const PROMETHEUS = join(ROOT, "infra/prometheus");

const list = async (pattern: string) => (await Array.fromAsync(glob(pattern, { cwd: ROOT }))).sort();
const read = async (path: string) => parse(await readFile(join(ROOT, path), "utf8"));

const ruleFiles = await list("infra/prometheus/rules/*.yml");
const testFiles = await list("infra/prometheus/tests/*.yml");
const groups = (await Promise.all(ruleFiles.map(read))).flatMap(({ groups }) => groups);
const alerts: Rule[] = groups.flatMap(({ rules }) => rules).filter(({ alert }: Rule) => alert);
const unitTests: UnitTest[] = (await Promise.all(testFiles.map(read))).flatMap(({ tests }) => tests);

test("Prometheus takes its configuration and every rule", async () => {
  expect(await promtool("check", "config", join(PROMETHEUS, "prometheus.yml"))).toMatchObject({ code: 0 });
  const checked = await promtool("check", "rules", ...ruleFiles.map((path) => join(ROOT, path)));
  expect(checked.code, checked.output).toBe(0);
});

test.each(testFiles)("%s: the alerts come when they should, and end", async (path) => {
  const { code, output } = await promtool("test", "rules", join(ROOT, path));
  expect(code, output).toBe(0);
});

test.each(alerts.map(({ alert }) => alert!))("%s is shown to come, and not to come", (name) => {
  const shown = unitTests
    .flatMap(({ alert_rule_test: cases = [] }) => cases)
    .filter(({ alertname }) => alertname === name);
  expect(shown.some(({ exp_alerts: expected = [] }) => expected.length > 0)).toBe(true);
  expect(shown.some(({ exp_alerts: expected = [] }) => expected.length === 0)).toBe(true);
});

test("every alert says how bad it is and where its runbook is, and there is no runbook for anything else", async () => {
  for (const { labels, annotations } of alerts) {
    expect(labels?.severity).toMatch(/^(page|ticket)$/);
    expect(annotations?.summary).toBeTruthy();
  }
  const named = alerts.map(({ annotations }) => annotations?.runbook_url);
  expect(named.toSorted()).toEqual(await list("docs/runbooks/*.md"));
  for (const { alert, annotations } of alerts) expect(kebab(alert!)).toBe(basename(annotations!.runbook_url, ".md"));
});

test.each(alerts.map(({ annotations }) => annotations!.runbook_url))(
  "%s says what it means, where to look and what to do",
  async (path) => {
    const text = await readFile(join(ROOT, path), "utf8");
    const headings = [...text.matchAll(/^## (.*)$/gm)].map(([, heading]) => heading);
    expect(headings).toEqual(["What it means", "Look here", "Do this"]);
  },
);

const kebab = (name: string) => name.replace(/\B[A-Z]/g, "-$&").toLowerCase();
