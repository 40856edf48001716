import { spawn } from "node:child_process";
import { once } from "node:events";
import { chmod, mkdtemp, rm } from "node:fs/promises";
import { type AddressInfo, connect, createServer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as after } from "node:timers/promises";
import { startPostgres } from "@gatehouse/gatehouse/postgres";
import { createDatabase } from "@gatehouse/store/databases";
import { migrate } from "@gatehouse/store/migrate";
import { localMasterKey, type MasterKeys } from "@gatehouse/vault/master-key";
import { deriveFrom, secretOfMasterKey } from "@gatehouse/vault/vault";

/** What all tests of a run share: one Postgres with a migrated template, and one Redis. */
export interface Services {
  /** As superuser, to a database that is nobody's. */
  postgresUrl: string;
  redisUrl: string;
}

export const TEMPLATE = "gatehouse_template";

/** One master key for all tests, since the apps' roles, and with them their passwords, are the whole server's. */
export const masterKey = Buffer.alloc(32, "test");
export const keys = {
  masterKeys: [localMasterKey(masterKey)] as MasterKeys,
  secret: secretOfMasterKey(masterKey),
};

export async function startServices(): Promise<Services & AsyncDisposable> {
  await using stack = new AsyncDisposableStack();
  const directory = await mkdtemp(join(tmpdir(), "gatehouse-test-"));
  stack.defer(() => rm(directory, { recursive: true, force: true }));
  await chmod(directory, 0o711);
  const redis = stack.use(await startRedis(directory));
  const postgres = stack.use(await startTestPostgres(directory));
  const opened = stack.move();
  return { postgresUrl: postgres.url, redisUrl: redis.url, [Symbol.asyncDispose]: () => opened.disposeAsync() };
}

/** Without waiting for the disk, which is what tests would mostly do. */
async function startTestPostgres(directory: string) {
  const settings = { fsync: "off", synchronous_commit: "off", full_page_writes: "off", max_connections: "500" };
  const postgres = await startPostgres({ directory: join(directory, "postgres"), settings });
  await createDatabase(postgres.url, TEMPLATE);
  await migrate({ url: databaseUrl(postgres.url, TEMPLATE), password: rolePassword }, () => {});
  return postgres;
}

export const rolePassword = (role: string): string => deriveFrom(keys.secret, `postgres role ${role}`);

export function databaseUrl(postgresUrl: string, name: string): string {
  const url = new URL(postgresUrl);
  url.pathname = `/${name}`;
  return url.href;
}

export interface RedisServer extends AsyncDisposable {
  url: string;
  port: number;
}

/** Remembers nothing when it ends; another may be started on its port. */
export async function startRedis(directory: string, port?: number): Promise<RedisServer> {
  return startRedisOn(port ?? (await freePort()), directory);
}

async function startRedisOn(port: number, directory: string): Promise<RedisServer> {
  const settings = { bind: "127.0.0.1", port: String(port), save: "", appendonly: "no", dir: directory };
  const flags = Object.entries(settings).flatMap(([name, value]) => [`--${name}`, value]);
  const server = spawn("redis-server", flags, { stdio: "ignore" });
  const exit = once(server, "exit");
  await Promise.race([answers(port), exit.then(() => Promise.reject(new Error("redis-server does not start")))]);
  return {
    url: `redis://127.0.0.1:${port}`,
    port,
    async [Symbol.asyncDispose]() {
      server.kill();
      await exit;
    },
  };
}

/** For programs that cannot be told to choose one themselves. */
export async function freePort(): Promise<number> {
  await using server = createServer().listen(0, "127.0.0.1");
  await once(server, "listening");
  return (server.address() as AddressInfo).port;
}

async function answers(port: number): Promise<void> {
  for (;;) {
    const socket = connect(port, "127.0.0.1");
    const opened = await once(socket, "connect").then(
      () => true,
      () => false,
    );
    socket.destroy();
    if (opened) return;
    await after(20);
  }
}
