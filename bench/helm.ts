import { execFileSync } from "node:child_process";
import { join } from "node:path";
import { parseAllDocuments } from "yaml";

// The chart, linted and rendered by the `helm` on the path, and what has to be in it.

const CHART = join(import.meta.dirname, "../infra/helm/gatehouse");

interface Manifest {
  kind: string;
  metadata: { name: string; annotations?: Record<string, string> };
  spec: Record<string, unknown>;
}

helm("lint", CHART, "--strict", "--set", "owner.email=owner@acme.example");
const text = helm("template", "gatehouse", CHART, "--set", "owner.email=owner@acme.example");
const manifests = parseAllDocuments(text).map((document) => document.toJS() as Manifest | null);
const found = manifests.flatMap((manifest) => (manifest ? [`${manifest.kind} ${manifest.metadata.name}`] : []));
const APPS = ["auth", "gateway", "dashboard"].map((app) => `gatehouse-${app}`);
const PROMISED = [
  ...["Deployment", "Service", "PodDisruptionBudget", "NetworkPolicy"].flatMap((kind) =>
    APPS.map((app) => `${kind} ${app}`),
  ),
  ...["HorizontalPodAutoscaler gatehouse-gateway", "Job gatehouse-migrate", "Ingress gatehouse"],
  ...["ServiceAccount gatehouse", "ServiceAccount gatehouse-migrate"],
  ...["PodMonitor gatehouse", "PrometheusRule gatehouse-slo", "ConfigMap gatehouse-dashboard-service"],
];
const missing = PROMISED.filter((name) => !found.includes(name));
if (missing.length > 0) throw new Error(`The chart renders no ${missing.join(", ")}`);
process.stdout.write(`The chart renders ${found.length} manifests: ${found.join(", ")}\n`);

function helm(...args: string[]): string {
  try {
    return execFileSync("helm", args, { encoding: "utf8" });
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== "ENOENT") throw error;
    throw new Error("helm is missing: https://helm.sh/docs/intro/install says how to get it", { cause: error });
  }
}
