import { mkdir, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { renderDashboard } from "./dashboard.ts";
import { DASHBOARDS } from "./dashboards.ts";

const DIRECTORY = join(import.meta.dirname, "../dashboards");

await mkdir(DIRECTORY, { recursive: true });
for (const dashboard of DASHBOARDS) {
  const json = JSON.stringify(renderDashboard(dashboard), null, 2);
  await writeFile(join(DIRECTORY, `${dashboard.uid}.json`), `${json}\n`);
}
