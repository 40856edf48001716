import { setTimeout as after } from "node:timers/promises";
import { hashPassword } from "@gatehouse/auth/password";
import { openDatabaseAsOwner } from "@gatehouse/store/database";
import { createDatabase } from "@gatehouse/store/databases";
import { migrate } from "@gatehouse/store/migrate";
import type { Era } from "@gatehouse/store/tables";
import { insertUser } from "@gatehouse/store/users";
import { startRoundRobin } from "@gatehouse/testing/round-robin";
import { databaseUrl, freePort, masterKey, rolePassword, startServices } from "@gatehouse/testing/services";
import { type Child, startChild } from "./child.ts";
import { insertTenant, putLimitsOutOfReach } from "./furnish.ts";

/** A process of ours, as it is served. */
export interface Served extends Child<object> {
  port: number;
  /** Tells it to end. Throws where it does not exit with 0. */
  stop(): Promise<void>;
}

export type Deployment = Awaited<ReturnType<typeof startDeployment>>;

const PASSWORD = "a horse that is correct";
/** As a load balancer looks that looks often. */
const LOOK_MS = 20;
/** For the balancer to see it, between saying that it is not ready and taking nothing new. */
const DRAIN_MS = 600;

/**
 * The authorization server and two gateways in processes of their own, on one Postgres and one Redis, behind one address;
 * a member who can sign in, and for each era an org with a connector to an upstream of that era. Limits are out of reach.
 */
export async function startDeployment(upstreams: Record<Era, URL>) {
  await using stack = new AsyncDisposableStack();
  const { postgresUrl, redisUrl } = stack.use(await startServices());
  const proxy = stack.use(await startRoundRobin());
  await createDatabase(postgresUrl, "bench");
  const database = databaseUrl(postgresUrl, "bench");
  await migrate({ url: database, password: rolePassword }, () => {});
  const person = await furnish(database, upstreams);
  const env = {
    ...{ PUBLIC_URL: proxy.url.origin, DATABASE_URL: withoutUser(database), REDIS_URL: redisUrl },
    ...{ GATEHOUSE_MASTER_KEY: masterKey.toString("base64"), GATEHOUSE_DRAIN_MS: String(DRAIN_MS) },
    GATEHOUSE_LOG_LEVEL: "error",
  };
  const auth = stack.use(await serve("auth", env));
  const gateways = [stack.use(await serve("gateway", env)), stack.use(await serve("gateway", env))];
  proxy.authPort = auth.port;
  proxy.gatewayPorts = gateways.map(({ port }) => port);
  const opened = stack.move();

  /** Puts another in the place of the one that has this index, as a deployment does. */
  async function replace(index: number): Promise<void> {
    const old = gateways[index]!;
    const fresh = opened.use(await serve("gateway", env));
    proxy.gatewayPorts.push(fresh.port);
    gateways[index] = fresh;
    const stopped = old.stop();
    while (await isReady(old.port)) await after(LOOK_MS);
    proxy.gatewayPorts = gateways.map(({ port }) => port);
    await stopped;
  }

  const endpointOf = (era: Era) => `${proxy.url.origin}/${era}/tools/mcp`;
  const endpoints = { modern: endpointOf("modern"), legacy: endpointOf("legacy") };
  return { auth, gateways, person, endpoints, replace, [Symbol.asyncDispose]: () => opened.disposeAsync() };
}

async function furnish(database: string, upstreams: Record<Era, URL>) {
  await using owner = openDatabaseAsOwner(database);
  await putLimitsOutOfReach(owner);
  const email = "alice@acme.example";
  const user = await insertUser(owner, { email, name: "Alice", passwordHash: await hashPassword(PASSWORD) });
  for (const era of ["modern", "legacy"] as const) {
    await insertTenant(owner, { slug: era, upstreams: { tools: upstreams[era] }, era, member: user.id });
  }
  return { id: user.id, email, password: PASSWORD };
}

async function serve(app: "auth" | "gateway", env: Record<string, string>): Promise<Served> {
  const port = await freePort();
  const child = await startChild<object>("served.ts", ["serve", app], { ...env, PORT: String(port) });
  await Promise.race([untilReady(port), child.exited.then(() => Promise.reject(new Error(`The ${app} ended`)))]);
  async function stop(): Promise<void> {
    process.kill(child.pid, "SIGTERM");
    const code = await child.exited;
    if (code !== 0) throw new Error(`The ${app} exits with ${code}`);
  }
  return { ...child, port, stop };
}

async function untilReady(port: number): Promise<void> {
  while (!(await isReady(port))) await after(LOOK_MS);
}

function isReady(port: number): Promise<boolean> {
  return fetch(`http://127.0.0.1:${port}/readyz`).then(
    ({ status }) => status === 200,
    () => false,
  );
}

/** What connects says by itself as which role it does. */
function withoutUser(database: string): string {
  const url = new URL(database);
  url.username = "";
  url.password = "";
  return url.href;
}
