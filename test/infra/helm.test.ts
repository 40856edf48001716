import { glob } from "node:fs/promises";
import { VARIABLES } from "@gatehouse/gatehouse/config";
import { expect, test } from "vitest";
import { parse } from "yaml";
import { ROOT, read } from "./compose.ts";

// Templates are Go's, and no package of npm's or Debian's renders them: `npm run proof helm` does, with Helm itself.

const CHART = "infra/helm/gatehouse";
const templates = await Array.fromAsync(glob(`${CHART}/templates/*`, { cwd: ROOT }));
const text = (await Promise.all(templates.map(read))).join("\n");

test("every variable that the chart sets is one that the house understands", () => {
  const named = [...text.matchAll(/\bname: ([A-Z][A-Z_]+)\b/g)].map(([, name]) => name!);
  const own = named.filter((name) => !name.startsWith("OTEL_")).map((name) => name.replace(/_FILE$/, ""));
  expect(own).toContain("GATEHOUSE_MASTER_KEY");
  expect(VARIABLES).toEqual(expect.arrayContaining(own));
});

test("the ingress sends each path where the proxy of docker-compose.yml does", async () => {
  const caddyfile = await read("infra/Caddyfile");
  const pathsIn = (matcher: string) => new RegExp(`@${matcher} path (.*)`).exec(caddyfile)![1]!.split(" ");
  const ingress = await read(`${CHART}/templates/ingress.yaml`);
  for (const path of [...pathsIn("auth"), ...pathsIn("dashboard")].map((path) => path.replace(/\/\*$/, "")))
    expect(ingress).toContain(path === "/" ? "{ path: /, pathType: Exact" : `"${path}"`);
});

test("every value that the templates ask for is there", async () => {
  const values = parse(await read(`${CHART}/values.yaml`));
  const asked = [...text.matchAll(/\.Values\.([\w.]+)/g)].map(([, path]) => path!);
  for (const path of asked) {
    const value = path.split(".").reduce((inner, name) => inner?.[name], values);
    expect(value, path).toBeDefined();
  }
});
