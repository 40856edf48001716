// Dashboards as Grafana reads them (schema version 41), from as little as has to be said of each.

export interface Query {
  expr: string;
  /** What a line is called, with labels in double braces. */
  legend: string;
}

export type Unit = "s" | "reqps" | "ops" | "percentunit" | "bytes" | "short";

export interface Panel {
  title: string;
  kind: "timeseries" | "stat";
  unit: Unit;
  description?: string;
  queries: Query[];
}

export interface Dashboard {
  /** In its address and its file's name. */
  uid: string;
  title: string;
  /** Each chosen from the values of a label of exchanges, and below the one before. */
  variables: Variable[];
  rows: { title: string; panels: Panel[] }[];
}

export interface Variable {
  name: string;
  label: string;
}

const PROMETHEUS = { type: "prometheus", uid: "prometheus" };
const EXCHANGES = "mcp_server_operation_duration_seconds_count";
const WIDTH = 24;
const HEIGHT = 8;

export const lines = (title: string, unit: Unit, queries: Query[], description?: string): Panel => ({
  ...{ title, kind: "timeseries", unit, queries },
  ...(description ? { description } : {}),
});

export const figure = (title: string, unit: Unit, expr: string, description?: string): Panel => ({
  ...{ title, kind: "stat", unit, queries: [{ expr, legend: title }] },
  ...(description ? { description } : {}),
});

export function renderDashboard({ uid, title, variables, rows }: Dashboard): object {
  return {
    ...{ uid: `gatehouse-${uid}`, title, tags: ["gatehouse"], schemaVersion: 41, editable: false },
    time: { from: "now-6h", to: "now" },
    refresh: "30s",
    links: [{ type: "dashboards", tags: ["gatehouse"], asDropdown: true, title: "Gatehouse", keepTime: true }],
    templating: { list: variables.map(renderVariable) },
    panels: layOut(rows),
  };
}

function renderVariable({ name, label }: Variable, at: number, all: readonly Variable[]): object {
  const chosen = all.slice(0, at).map((before) => `${before.label}="$${before.name}"`);
  const query = `label_values(${EXCHANGES}{${chosen.join(",")}}, ${label})`;
  return {
    ...{ type: "query", name, label: name, query, definition: query },
    datasource: PROMETHEUS,
    refresh: 2,
    sort: 1,
  };
}

/** Each row on lines of its own, its panels beside one another. */
function layOut(rows: Dashboard["rows"]): object[] {
  const laidOut: object[] = [];
  let y = 0;
  for (const { title, panels } of rows) {
    laidOut.push({
      type: "row",
      id: laidOut.length + 1,
      title,
      collapsed: false,
      panels: [],
      gridPos: { x: 0, y, w: WIDTH, h: 1 },
    });
    const w = WIDTH / panels.length;
    for (const [at, panel] of panels.entries())
      laidOut.push({ id: laidOut.length + 1, ...renderPanel(panel), gridPos: { x: at * w, y: y + 1, w, h: HEIGHT } });
    y += HEIGHT + 1;
  }
  return laidOut;
}

function renderPanel({ title, kind, unit, description, queries }: Panel): object {
  const custom = kind === "timeseries" ? { custom: { fillOpacity: 10, showPoints: "never", lineWidth: 1 } } : {};
  return {
    ...{ type: kind, title, datasource: PROMETHEUS },
    ...(description ? { description } : {}),
    fieldConfig: { defaults: { unit, min: 0, ...custom }, overrides: [] },
    targets: queries.map(({ expr, legend }, at) => ({
      ...{ refId: String.fromCharCode(65 + at), datasource: PROMETHEUS, expr, legendFormat: legend },
      ...(kind === "timeseries" ? { exemplar: expr.includes("_bucket") } : { instant: true }),
    })),
  };
}
