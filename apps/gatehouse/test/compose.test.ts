import { access, readFile } from "node:fs/promises";
import { join } from "node:path";
import { expect, test } from "vitest";
import { parse } from "yaml";
import { readConfig, VARIABLES } from "../src/config.ts";

const ROOT = join(import.meta.dirname, "../../..");

interface Service {
  image?: string;
  build?: { context: string; dockerfile: string };
  command?: string[];
  environment?: Record<string, string>;
  volumes?: string[];
  depends_on?: string[] | Record<string, unknown>;
}

interface Compose {
  services: Record<string, Service>;
  volumes: Record<string, unknown>;
}

const read = (path: string) => readFile(join(ROOT, path), "utf8");
const compose: Compose = parse(await read("docker-compose.yml"), { merge: true });
const services = Object.entries(compose.services);
const ours = services.filter(([, { build }]) => build);

/** As Compose puts variables in: given ones, defaults, and a stand-in for those that must be given. */
function interpolate(text: string): string {
  return text.replace(/\$\{(\w+)(?::([-?])([^}]*))?\}/g, (_, name: string, kind: string, rest: string) =>
    kind === "-" ? rest : (GIVEN[name] ?? ""),
  );
}

const GIVEN: Record<string, string> = {
  GATEHOUSE_MASTER_KEY: Buffer.alloc(32).toString("base64"),
  GATEHOUSE_OWNER_EMAIL: "owner@acme.example",
  GATEHOUSE_OWNER_PASSWORD: "a long enough password",
  POSTGRES_PASSWORD: "secret",
};

test("compose runs the three apps, migrations before them, Postgres, Redis and a proxy", () => {
  expect(Object.keys(compose.services).sort()).toEqual([
    ...["auth", "dashboard", "gateway", "migrate", "postgres", "proxy", "redis"],
  ]);
  expect(Object.fromEntries(ours.map(([name, { command }]) => [name, command]))).toEqual({
    auth: ["serve", "auth"],
    dashboard: ["serve", "dashboard"],
    gateway: ["serve", "gateway"],
    migrate: ["migrate"],
  });
});

test.each(ours)("the environment of %s is one that the house understands", (_name, { environment = {} }) => {
  const known = Object.keys(environment).filter((variable) => !variable.startsWith("OTEL_"));
  expect(VARIABLES).toEqual(expect.arrayContaining(known));
  const values = Object.entries(environment).map(([variable, value]) => [variable, interpolate(value)]);
  const config = readConfig(Object.fromEntries(values));
  expect(config.databaseUrl).toContain("@postgres:5432/gatehouse".slice(1));
});

test("only migrations get the database owner's password", () => {
  const knowing = services.filter(([, service]) => JSON.stringify(service).includes("POSTGRES_PASSWORD"));
  expect(knowing.map(([name]) => name)).toEqual(["postgres", "migrate"]);
});

test("every path that compose names is there, and every service and volume that it refers to", async () => {
  for (const [, { build, volumes = [], depends_on: dependencies = [] }] of services) {
    if (build) await access(join(ROOT, build.context, build.dockerfile));
    const needed = Array.isArray(dependencies) ? dependencies : Object.keys(dependencies);
    expect(Object.keys(compose.services)).toEqual(expect.arrayContaining(needed));
    for (const [source = ""] of volumes.map((volume) => volume.split(":"))) {
      if (source.startsWith(".")) await access(join(ROOT, source));
      else expect(Object.keys(compose.volumes)).toContain(source);
    }
  }
});

test("the proxy leads to services that there are, at the port that the image listens on", async () => {
  const caddyfile = await read("infra/Caddyfile");
  const image = await read("infra/Dockerfile");
  const upstreams = [...caddyfile.matchAll(/reverse_proxy (\w+):(\d+)/g)].map(([, name, port]) => ({ name, port }));
  expect(upstreams.map(({ name }) => name).sort()).toEqual(["auth", "dashboard", "gateway"]);
  const port = /PORT=(\d+)/.exec(image)?.[1];
  expect(new Set(upstreams.map((upstream) => upstream.port))).toEqual(new Set([port]));
});

test("what the image runs is there", async () => {
  const image = await read("infra/Dockerfile");
  const [program = ""] = /apps\/[\w/.-]+\.ts/.exec(image) ?? [];
  await access(join(ROOT, program));
});
