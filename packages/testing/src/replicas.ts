import { spawn } from "node:child_process";
import { once } from "node:events";
import { fileURLToPath } from "node:url";
import { inject } from "vitest";
import { startHouse, type TestHouseOptions } from "./house.ts";
import { startRoundRobin } from "./round-robin.ts";
import { masterKey } from "./services.ts";

/** A gateway in a process of its own. */
export interface Replica extends AsyncDisposable {
  port: number;
  /** All that it has logged. */
  log(): string;
  /** Tells it to end, and answers its exit code. */
  stop(): Promise<number | null>;
  /** Ends it as a crash does: it gets to say nothing to anybody. */
  kill(): Promise<void>;
  /** It keeps its connections and says nothing more. */
  freeze(): void;
}

export interface ReplicasOptions extends Pick<TestHouseOptions, "auth"> {
  egressAllow?: string[];
  /** In place of the one that all tests share. */
  redisUrl?: string;
  /** Between saying that it is not ready and taking nothing new. */
  drainMs?: number;
}

export type Replicas = Awaited<ReturnType<typeof startReplicas>>;

const MAIN = fileURLToPath(import.meta.resolve("@gatehouse/gatehouse/main"));

/** So many gateways on one Postgres and one Redis, behind one address that gives each request to the next of them. */
export async function startReplicas(
  count: number,
  { auth, egressAllow = [], redisUrl = inject("services").redisUrl, drainMs = 0 }: ReplicasOptions = {},
) {
  await using stack = new AsyncDisposableStack();
  const proxy = stack.use(await startRoundRobin());
  const house = stack.use(
    await startHouse({ apps: ["auth", "dashboard"], publicUrl: proxy.url, egressAllow, ...(auth ? { auth } : {}) }),
  );
  proxy.authPort = house.port;
  const { access, publicUrl } = house;
  const startOne = () => startGatewayProcess(publicUrl, access.url, { redisUrl, egressAllow, drainMs });
  const replicas = await Promise.all(Array.from({ length: count }, startOne));
  for (const replica of replicas) stack.use(replica);
  proxy.gatewayPorts = replicas.map(({ port }) => port);
  const opened = stack.move();
  /** One more, to which the proxy sends nothing yet. */
  const addReplica = async () => opened.use(await startOne());
  return { ...house, proxy, replicas, addReplica, [Symbol.asyncDispose]: () => opened.disposeAsync() };
}

/** On a database that is migrated, as the roles whose passwords follow from the tests' master key. */
async function startGatewayProcess(
  publicUrl: URL,
  databaseUrl: string,
  { redisUrl, egressAllow, drainMs }: Required<Omit<ReplicasOptions, "auth">>,
): Promise<Replica> {
  const env = {
    PATH: process.env.PATH ?? "",
    PORT: "0",
    PUBLIC_URL: publicUrl.origin,
    DATABASE_URL: withoutUser(databaseUrl),
    REDIS_URL: redisUrl,
    GATEHOUSE_EGRESS_ALLOW: egressAllow.join(","),
    GATEHOUSE_DRAIN_MS: String(drainMs),
    GATEHOUSE_MASTER_KEY: masterKey.toString("base64"),
  };
  const child = spawn(process.execPath, [MAIN, "serve", "gateway"], { env, stdio: ["ignore", "ignore", "pipe"] });
  const ended = once(child, "close");
  let log = "";
  const listening = Promise.withResolvers<number>();
  child.stderr.on("data", (chunk: Buffer) => {
    log += chunk;
    const port = /"port":(\d+)/.exec(log)?.[1];
    if (port) listening.resolve(Number(port));
  });
  ended.then(() => listening.reject(new Error(`The gateway ended:\n${log}`)));

  async function end(signal: NodeJS.Signals): Promise<void> {
    child.kill("SIGCONT");
    child.kill(signal);
    await ended;
  }

  return {
    port: await listening.promise,
    log: () => log,
    async stop() {
      await end("SIGTERM");
      return child.exitCode;
    },
    kill: () => end("SIGKILL"),
    freeze: () => void child.kill("SIGSTOP"),
    [Symbol.asyncDispose]: () => end("SIGTERM"),
  };
}

function withoutUser(databaseUrl: string): string {
  const url = new URL(databaseUrl);
  url.username = "";
  url.password = "";
  return url.href;
}
