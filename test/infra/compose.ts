import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { parse } from "yaml";

export interface Service {
  image: string;
  build?: { context: string; dockerfile: string };
  command?: string[];
  environment?: Record<string, string>;
  secrets?: string[];
  volumes?: string[];
  ports?: string[];
  healthcheck?: { test?: string[]; disable?: boolean };
  depends_on?: string[] | Record<string, unknown>;
  restart?: string;
  stop_grace_period?: string;
  read_only?: boolean;
  cap_drop?: string[];
}

interface Compose {
  services: Record<string, Service>;
  volumes: Record<string, unknown>;
  secrets: Record<string, { file: string }>;
}

export const ROOT = join(import.meta.dirname, "../..");

export const read = (path: string) => readFile(join(ROOT, path), "utf8");

export const compose: Compose = parse(await read("docker-compose.yml"), { merge: true });
export const services = Object.entries(compose.services);
/** What may be empty. */
export const OPTIONAL_SECRETS = ["master-key-other", "deployment-secret", "oauth-clients", "smtp-url"];
export const ours = services.filter(([, { build }]) => build);

const GIVEN: Record<string, string> = { GATEHOUSE_OWNER_EMAIL: "owner@acme.example" };

/** As Compose puts variables in: given ones, defaults, and a stand-in for those that must be given. */
export function interpolate(text: string): string {
  return text.replace(/\$\{(\w+)(?::([-?])([^}]*))?\}/g, (_, name: string, kind: string, rest: string) =>
    kind === "-" ? rest : (GIVEN[name] ?? ""),
  );
}

/** What the file's own image is told to run, and how it is asked whether it is well. */
export async function readImage(): Promise<{ env: Record<string, string>; entrypoint: string[]; health: string[] }> {
  const dockerfile = await read("infra/Dockerfile");
  const [, env = ""] = /^ENV (.*)$/m.exec(dockerfile) ?? [];
  const [, entrypoint = "[]"] = /^ENTRYPOINT (.*)$/m.exec(dockerfile) ?? [];
  const [, health = "[]"] = /^HEALTHCHECK [^[]*CMD (.*)$/ms.exec(dockerfile.replaceAll("\\\n", "")) ?? [];
  return {
    env: Object.fromEntries(env.split(" ").map((pair) => pair.split("=", 2) as [string, string])),
    entrypoint: JSON.parse(entrypoint),
    health: JSON.parse(health.split("\n")[0]!),
  };
}
