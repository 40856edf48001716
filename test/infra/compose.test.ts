import { access, mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { readConfig, VARIABLES } from "@gatehouse/gatehouse/config";
import { GRACE_MS } from "@gatehouse/gatehouse/listen";
import { COMMIT_MS_MAX } from "@gatehouse/store/audit-writer";
import { expect, test } from "vitest";
import { parse } from "yaml";
import { compose, interpolate, OPTIONAL_SECRETS, ours, ROOT, read, readImage, services } from "./compose.ts";

const serving = ours.map(([name]) => name).filter((name) => name !== "migrate");

test("compose runs the apps, migrations before them, what they stand on, a proxy, and what watches them", () => {
  expect(Object.keys(compose.services).sort()).toEqual([
    ...["auth", "collector", "dashboard", "gateway-1", "gateway-2", "grafana", "migrate", "postgres", "prometheus"],
    ...["proxy", "redis", "tempo", "volumes"],
  ]);
  expect(Object.fromEntries(ours.map(([name, { command }]) => [name, command]))).toEqual({
    auth: ["serve", "auth"],
    "gateway-1": ["serve", "gateway"],
    "gateway-2": ["serve", "gateway"],
    dashboard: ["serve", "dashboard"],
    migrate: ["migrate"],
  });
});

test.each(ours)("the environment of %s is one that the house understands", async (_name, { environment = {} }) => {
  const secrets = await mkdtemp(join(tmpdir(), "gatehouse-secrets-"));
  await writeFile(join(secrets, "master-key"), Buffer.alloc(32).toString("base64"));
  for (const name of ["postgres-password", "owner-password"]) await writeFile(join(secrets, name), "a long password");
  for (const name of OPTIONAL_SECRETS) await writeFile(join(secrets, name), "");
  const known = Object.keys(environment).filter((variable) => !variable.startsWith("OTEL_"));
  expect(VARIABLES).toEqual(expect.arrayContaining(known.map((variable) => variable.replace(/_FILE$/, ""))));
  const values = Object.entries(environment).map(([variable, value]) => [variable, interpolate(value)]);
  const inPlace = values.map(([variable, value]) => [variable, value!.replace("/run/secrets", secrets)]);
  const config = readConfig(Object.fromEntries(inPlace));
  await rm(secrets, { recursive: true });
  expect(config.databaseUrl).toContain("@postgres:5432/gatehouse".slice(1));
  expect(config.masterKey).toEqual({ bytes: Buffer.alloc(32) });
});

const SECRET_VARIABLES = [
  ...["DATABASE_PASSWORD", "GATEHOUSE_MASTER_KEY", "GATEHOUSE_MASTER_KEY_OTHER", "GATEHOUSE_DEPLOYMENT_SECRET"],
  ...["GATEHOUSE_OAUTH_CLIENTS", "GATEHOUSE_OWNER_PASSWORD", "SMTP_URL"],
];

test("secrets are files, and only who needs one gets it", () => {
  const having = (secret: string) =>
    services.filter(([, service]) => service.secrets?.includes(secret)).map(([name]) => name);
  expect(having("postgres-password")).toEqual(["postgres", "migrate"]);
  expect(having("owner-password")).toEqual(["migrate"]);
  expect(having("grafana-password")).toEqual(["grafana"]);
  for (const key of ["master-key", "master-key-other", "deployment-secret"])
    expect(having(key)).toEqual(ours.map(([name]) => name));
  expect(having("oauth-clients")).toEqual(serving);
  expect(having("smtp-url")).toEqual(["auth"]);
  for (const [, { environment = {} }] of ours)
    expect(Object.keys(environment).filter((name) => SECRET_VARIABLES.includes(name))).toEqual([]);
  for (const [, { environment = {}, secrets = [] }] of services)
    for (const value of Object.values(environment).filter((value) => value.startsWith("/run/secrets/")))
      expect(secrets).toContain(value.slice("/run/secrets/".length));
  for (const { file } of Object.values(compose.secrets)) expect(file).toMatch(/^\.\/secrets\//);
});

test("every file system is read-only but for volumes and what is in memory", () => {
  for (const [name, service] of services) expect(service.read_only, name).toBe(true);
});

test("nothing of ours is root, may write outside of /tmp, or gains rights", async () => {
  expect(await read("infra/Dockerfile")).toMatch(/^USER node$/m);
  for (const [, service] of ours)
    expect(service).toMatchObject({ read_only: true, cap_drop: ["ALL"], tmpfs: ["/tmp"] });
});

test("every image names its version, and every service but those without a program to ask has a health check", async () => {
  for (const [, { image }] of services) expect(image).toMatch(/:v?\d+\.\d+/);
  for (const [, from] of (await read("infra/Dockerfile")).matchAll(/^FROM (\S+)/gm))
    expect(from).toMatch(/:\d+\.\d+\.\d+-slim$/);
  const unasked = services.filter(([, { build, healthcheck }]) => !build && !healthcheck).map(([name]) => name);
  expect(unasked).toEqual(["collector", "tempo", "volumes"]);
  expect((await readImage()).health[0]).toBe("node");
});

test("only the proxy and Grafana can be reached from outside, and from this machine alone", () => {
  const published = services.flatMap(([name, { ports = [] }]) => ports.map((port) => [name, port]));
  expect(published).toEqual([
    ["proxy", "127.0.0.1:8080:8080"],
    ["grafana", "127.0.0.1:3000:3000"],
  ]);
});

test("every path that compose names is there, and every service, secret and volume that it refers to", async () => {
  for (const [, { build, volumes = [], secrets = [], depends_on: dependencies = [] }] of services) {
    if (build) await access(join(ROOT, build.context, build.dockerfile));
    const needed = Array.isArray(dependencies) ? dependencies : Object.keys(dependencies);
    expect(Object.keys(compose.services)).toEqual(expect.arrayContaining(needed));
    expect(Object.keys(compose.secrets)).toEqual(expect.arrayContaining(secrets));
    for (const [source = ""] of volumes.map((volume) => volume.split(":"))) {
      if (source.startsWith(".")) await access(join(ROOT, source));
      else expect(Object.keys(compose.volumes)).toContain(source);
    }
  }
});

test("nobody is killed before calls have ended and the audit log and telemetry are written, however slowly", async () => {
  const needed = (GRACE_MS + GROUPS_LAST * 2 * COMMIT_MS_MAX + EXPORT_MS_MAX) / 1000;
  for (const name of serving) expect(compose.services[name]?.stop_grace_period).toBe(`${STOPPED_SECONDS}s`);
  expect(STOPPED_SECONDS).toBeGreaterThan(needed);
  const pods = await read("infra/helm/gatehouse/templates/deployments.yaml");
  const [, sleep] = /preStop: { sleep: { seconds: (\d+) } }/.exec(pods)!;
  expect(pods).toContain(`terminationGracePeriodSeconds: ${STOPPED_SECONDS + Number(sleep)}\n`);
  expect(await read("docs/operating.md")).toContain(`the process ${STOPPED_SECONDS} s besides before it is killed`);
});

const STOPPED_SECONDS = 60;
/** The one that is on its way, and the one that waits for it. */
const GROUPS_LAST = 2;
/** `OTEL_EXPORTER_OTLP_TIMEOUT`, where nothing is said. */
const EXPORT_MS_MAX = 10_000;

test("the proxy leads to services that there are, at the port that the image listens on", async () => {
  const caddyfile = await read("infra/Caddyfile");
  const upstreams = [...caddyfile.matchAll(/reverse_proxy ((?:[\w-]+:\d+ ?)+)/g)].flatMap(([, names]) =>
    names!.trim().split(" "),
  );
  const { PORT } = (await readImage()).env;
  expect(upstreams.sort()).toEqual(serving.map((name) => `${name}:${PORT}`).sort());
});

test("Prometheus looks at every process of ours, at the port where it says what it measures", async () => {
  const { scrape_configs: jobs } = parse(await read("infra/prometheus/prometheus.yml"));
  const [
    {
      static_configs: [{ targets }],
    },
  ] = jobs.filter((job: { job_name: string }) => job.job_name === "gatehouse");
  const said = serving.map((name) => `${name}:${compose.services[name]?.environment?.METRICS_PORT}`);
  expect(targets.toSorted()).toEqual(said.toSorted());
});

test("traces go from our processes by the collector to Tempo, where Grafana finds them, and logs into a file that stays", async () => {
  const collector = parse(await read("infra/otel-collector.yaml"));
  const tempo = parse(await read("infra/tempo.yaml"));
  for (const pipeline of Object.values(collector.service.pipelines) as Record<string, string[]>[])
    for (const [kind, names] of Object.entries(pipeline))
      expect(Object.keys(collector[kind])).toEqual(expect.arrayContaining(names));
  const { endpoint } = collector.receivers.otlp.protocols.http;
  for (const name of serving)
    expect(compose.services[name]?.environment).toMatchObject({
      OTEL_EXPORTER_OTLP_ENDPOINT: `http://collector:${portOf(endpoint)}`,
      OTEL_LOGS_EXPORTER: "otlp",
    });
  expect(Object.keys(collector.service.pipelines)).toEqual(["traces", "logs"]);
  expect(isOnVolume("collector", collector.exporters.file.path)).toBe(true);
  const takes = tempo.distributor.receivers.otlp.protocols.grpc.endpoint;
  expect(collector.exporters["otlp/tempo"].endpoint).toBe(`tempo:${portOf(takes)}`);
  const { datasources } = parse(await read("infra/grafana/provisioning/datasources/gatehouse.yml"));
  expect(datasources.map(({ uid, url }: Record<string, string>) => [uid, url])).toEqual([
    ["prometheus", "http://prometheus:9090"],
    ["tempo", `http://tempo:${tempo.server.http_listen_port}`],
  ]);
});

test("Grafana finds the dashboards where its provisioning looks for them", async () => {
  const { providers } = parse(await read("infra/grafana/provisioning/dashboards/gatehouse.yml"));
  expect(compose.services.grafana?.volumes).toContain(`./infra/grafana/dashboards:${providers[0].options.path}:ro`);
});

test("heads of the audit log are kept out of the database, where the image's user may write and the process is told to", async () => {
  const { environment = {} } = compose.services.dashboard!;
  const { pathname } = readConfig({ GATEHOUSE_AUDIT_HEADS: interpolate(environment.GATEHOUSE_AUDIT_HEADS!) })
    .auditHeads!;
  expect(isOnVolume("dashboard", pathname)).toBe(true);
  expect(await read("infra/Dockerfile")).toMatch(/chown node:node .*\/heads$/m);
  expect(dirname(pathname)).toBe("/heads");
});

test("what the image runs is there", async () => {
  const program = (await readImage()).entrypoint.at(-1)!;
  await access(join(ROOT, program));
});

const isOnVolume = (service: string, path: string) =>
  compose.services[service]!.volumes!.some((volume) => volume.endsWith(`:${dirname(path)}`));
const portOf = (address: string) => address.split(":").at(-1);
