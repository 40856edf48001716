import type { Description, Distribution, Exemplar, Metric, Point } from "./metrics.ts";

/** What Prometheus calls units (OpenTelemetry's Prometheus and OpenMetrics Compatibility); others are not in a name. */
const UNITS: Record<string, string> = { s: "seconds", By: "bytes", "1": "ratio" };

export const OPEN_METRICS_TYPE = "application/openmetrics-text; version=1.0.0; charset=utf-8";

/** OpenMetrics 1.0, with exemplars. */
export function renderOpenMetrics(metrics: Iterable<Metric>): string {
  return `${[...metrics].map(render).join("")}# EOF\n`;
}

/** `gatehouse.audit.lag` in `s` is `gatehouse_audit_lag_seconds`; a counter's samples end with `_total` besides. */
export function openMetricsName({ name, unit, kind }: Pick<Metric, "name" | "unit" | "kind">): string {
  const base = name.replaceAll(/[^a-zA-Z0-9]+/g, "_");
  const suffix = unit === "1" && kind !== "gauge" ? undefined : UNITS[unit];
  return suffix ? `${base}_${suffix}` : base;
}

function render(metric: Metric): string {
  const name = openMetricsName(metric);
  const head = `# TYPE ${name} ${metric.kind}\n# HELP ${name} ${quotable(metric.help)}\n`;
  if (metric.kind !== "histogram") {
    const sample = metric.kind === "counter" ? `${name}_total` : name;
    return head + linesOf(metric.points(), ({ labels, value }) => `${sample}${braced(labels)} ${value}\n`);
  }
  return head + linesOf(metric.points(), (point) => renderHistogram(name, metric.boundaries, point));
}

function linesOf<T>(points: Iterable<T>, line: (point: T) => string): string {
  return Array.from(points, line).join("");
}

function renderHistogram(name: string, boundaries: readonly number[], point: Point<Distribution>): string {
  const { labels, value: distribution } = point;
  let upTo = 0;
  const buckets = distribution.counts.map((count, at) => {
    upTo += count;
    const le = at < boundaries.length ? String(boundaries[at]) : "+Inf";
    return `${name}_bucket${braced({ ...labels, le })} ${upTo}${exemplarText(distribution.exemplars[at])}\n`;
  });
  const { count, sum } = distribution;
  return `${buckets.join("")}${name}_count${braced(labels)} ${count}\n${name}_sum${braced(labels)} ${sum}\n`;
}

function exemplarText(exemplar: Exemplar | undefined): string {
  if (!exemplar) return "";
  const { traceId: trace_id, spanId: span_id, value, at } = exemplar;
  return ` # ${braced({ trace_id, span_id })} ${value} ${at / 1000}`;
}

function braced(labels: Point<unknown>["labels"]): string {
  const pairs = Object.entries(labels).map(([label, value]) => `${label.replaceAll(".", "_")}="${quotable(value)}"`);
  return pairs.length > 0 ? `{${pairs.join(",")}}` : "";
}

function quotable(text: Description["help"]): string {
  return text.replaceAll("\\", "\\\\").replaceAll('"', '\\"').replaceAll("\n", "\\n");
}
