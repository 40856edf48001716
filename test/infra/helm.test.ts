import { glob, readdir, realpath } from "node:fs/promises";
import { extname, join } from "node:path";
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

test("every secret is a file, mounted where its variable looks for it, and by whom it is needed alone", async () => {
  expect(text).not.toContain("secretKeyRef");
  const keys = await readKeys("_helpers.tpl");
  expect(keys.given.sort()).toEqual(["deployment-secret", "master-key", "master-key-other"]);
  for (const template of ["deployments.yaml", "migrate.yaml"]) {
    const { given, mounted } = await readKeys(template);
    expect(mounted.sort(), template).toEqual([...keys.given, ...given].sort());
  }
});

/** Of the secret: those that a template has variables for, and those that it mounts. */
async function readKeys(template: string): Promise<{ given: string[]; mounted: string[] }> {
  const source = await read(`${CHART}/templates/${template}`);
  const given = [...source.matchAll(/_FILE, value: \/run\/secrets\/gatehouse\/([\w-]+) }/g)].map(([, key]) => key!);
  const [, listed = ""] = /\$key := list (.*) }}/.exec(source) ?? [];
  const named = [...source.matchAll(/{ key: ([\w-]+), path: \1 }/g)].map(([, key]) => key!);
  return { given, mounted: [...listed.split(" ").map((key) => key.slice(1, -1)), ...named] };
}

test.each([
  ["rules", ".yml", "infra/prometheus/rules"],
  ["dashboards", ".json", "infra/grafana/dashboards"],
])("the chart's %s are those of everybody else, all of them", async (name, extension, source) => {
  expect(await realpath(join(ROOT, CHART, name))).toBe(await realpath(join(ROOT, source)));
  expect(text).toContain(`Files.Glob "${name}/*${extension}"`);
  for (const file of await readdir(join(ROOT, source))) expect(extname(file)).toBe(extension);
});

test("every pod has an account that the chart makes, migrations one that is there before them", async () => {
  expect(await read(`${CHART}/templates/deployments.yaml`)).toContain(
    'Name: {{ include "gatehouse.serviceAccount" $ }}\n',
  );
  expect(await read(`${CHART}/templates/migrate.yaml`)).toContain(
    '{{ include "gatehouse.serviceAccount" . }}-migrate\n',
  );
  const [, forMigrations] = (await read(`${CHART}/templates/service-accounts.yaml`)).split("---");
  expect(forMigrations).toContain("helm.sh/hook: pre-install,pre-upgrade");
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
