// What takes too long for every run of the tests. Each writes its figures into `docs/`, and fails where they are not what is promised.

const PROOFS: Record<string, () => Promise<unknown>> = {
  memory: () => import("./memory.ts"),
  streams: () => import("./streams.ts"),
  fairness: () => import("./fairness.ts"),
  "hostile-upstreams": () => import("./hostile-upstreams.ts"),
  imports: () => import("./imports.ts"),
  audit: () => import("./audit.ts"),
  "disk-full": () => import("./disk-full.ts"),
  faults: () => import("./faults.ts"),
  restarts: () => import("./restarts.ts"),
  search: () => import("./search.ts"),
  helm: () => import("./helm.ts"),
  clients: () => import("./clients.ts"),
  "first-call": () => import("./first-call.ts"),
  dashboard: () => import("./pages.ts"),
};

/** What comes after the name is the proof's own: how many, where it can be tried with fewer. */
const [wanted] = process.argv.slice(2);
if (wanted !== undefined && !PROOFS[wanted])
  throw new Error(`There is no proof ${wanted}; there are ${Object.keys(PROOFS).join(", ")}`);
for (const [name, run] of Object.entries(PROOFS)) if (wanted === undefined || wanted === name) await run();
