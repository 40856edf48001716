import { spawn } from "node:child_process";
import { closeSync, openSync } from "node:fs";
import { mkdtemp, readFile, rename, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { setTimeout as after } from "node:timers/promises";
import { Fault } from "@gatehouse/faults";
import { connectOnce, type HeldLock, holdLock } from "@gatehouse/store/databases";
import { type Cluster, giveTo, MAJOR_VERSION, prepareCluster } from "./postgres-cluster.ts";

export interface EmbeddedPostgres extends AsyncDisposable {
  /** As its superuser, to the database `postgres`; the server is reached through a Unix socket alone. */
  url: string;
  /** Settles when the server is gone though nobody stopped it. */
  lost: Promise<void>;
}

export interface PostgresOptions {
  /** Where the server's files are, or will be. */
  directory: string;
  /** Server settings beyond ours, such as `max_connections`. */
  settings?: Record<string, string>;
}

/** What `postmaster.pid` says of the server that runs, or ran, on a cluster. */
interface Postmaster {
  pid: number;
  socketDirectory: string;
  ready: boolean;
}

const OWNER_LOCK = "gatehouse embedded postgres";
const START_TIMEOUT_MS = 60_000;
const STOP_TIMEOUT_MS = 3000;
const POLL_MS = 10;
/** With `/.s.PGSQL.5432` behind it, a socket's path must fit into 104 bytes (macOS; Linux takes 108). */
const SOCKET_DIRECTORY_BYTES_MAX = 88;

/**
 * A Postgres of our own on `directory`. One that an earlier process of ours left running there is taken over; where its
 * process still lives, this throws `conflict`.
 */
export async function startPostgres({ directory, settings = {} }: PostgresOptions): Promise<EmbeddedPostgres> {
  const cluster = await prepareCluster(directory);
  await removeStalePostmaster(cluster);
  const postmaster = (await readPostmaster(cluster)) ?? (await launch(cluster, settings));
  const url = urlOf(cluster, postmaster);
  const lock = await own(url, directory);
  // Where we end without stopping it, it ends at once too; what is committed is safe all the same.
  const quit = () => signal(postmaster.pid, "SIGQUIT");
  process.once("exit", quit);
  async function dispose(): Promise<void> {
    await stop(cluster, postmaster, lock);
    process.off("exit", quit);
  }
  return { url, lost: lock.lost, [Symbol.asyncDispose]: dispose };
}

/** As its superuser, where one runs on `directory`; whose it is does not matter. */
export async function findPostgres(directory: string): Promise<string | null> {
  const cluster = await prepareCluster(directory);
  await removeStalePostmaster(cluster);
  const postmaster = await readPostmaster(cluster);
  return postmaster && urlOf(cluster, postmaster);
}

async function own(url: string, directory: string): Promise<HeldLock> {
  const lock = await holdLock(url, OWNER_LOCK);
  if (!lock) throw new Fault("conflict", `Another Gatehouse is running on ${dirname(directory)}. Stop it first.`);
  return lock;
}

function urlOf({ password }: Cluster, { socketDirectory }: Postmaster): string {
  return `postgres://postgres:${password}@localhost/postgres?host=${encodeURIComponent(socketDirectory)}`;
}

async function readPostmaster({ data }: Cluster): Promise<Postmaster | null> {
  const text = await readFile(join(data, "postmaster.pid"), "utf8").catch(() => null);
  if (text === null) return null;
  const lines = text.split("\n");
  return { pid: Number(lines[0]), socketDirectory: lines[4] ?? "", ready: lines[7]?.trim() === "ready" };
}

/** After a crash the file is still there, and its process id may meanwhile be someone else's: then nobody answers. */
async function removeStalePostmaster(cluster: Cluster): Promise<void> {
  const postmaster = await readPostmaster(cluster);
  if (!postmaster) return;
  const deadline = Date.now() + STOP_TIMEOUT_MS;
  while (isAlive(postmaster.pid) && Date.now() < deadline) {
    if (await answers(urlOf(cluster, postmaster))) return;
    await after(10 * POLL_MS);
  }
  await rm(join(cluster.data, "postmaster.pid"), { force: true });
}

const answers = (url: string): Promise<boolean> =>
  connectOnce(url).then(
    () => true,
    () => false,
  );

function isAlive(pid: number): boolean {
  try {
    return process.kill(pid, 0);
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === "EPERM";
  }
}

/** In a process group of its own, so that Ctrl-C in a terminal stops us, and we stop the server when all is written. */
async function launch(cluster: Cluster, settings: Record<string, string>): Promise<Postmaster> {
  const log = join(cluster.directory, "postgres.log");
  await rename(log, `${log}.1`).catch(() => {});
  const output = openSync(log, "a", 0o600);
  const server = spawn(cluster.postgres, ["-D", cluster.data, ...(await settingFlags(cluster, settings))], {
    ...cluster.account,
    detached: true,
    stdio: ["ignore", output, output],
    env: { PATH: "/usr/bin:/bin", LC_ALL: "C" },
  });
  closeSync(output);
  server.on("error", () => {});
  server.unref();
  const deadline = Date.now() + START_TIMEOUT_MS;
  while (server.exitCode === null && server.pid && Date.now() < deadline) {
    const postmaster = await readPostmaster(cluster);
    if (postmaster?.ready) return postmaster;
    await after(POLL_MS);
  }
  return (await launchedByAnother(cluster)) ?? refuseStart(log);
}

async function settingFlags(cluster: Cluster, settings: Record<string, string>): Promise<string[]> {
  const all = {
    listen_addresses: "",
    unix_socket_directories: await socketDirectory(cluster),
    unix_socket_permissions: "0700",
    log_checkpoints: "off",
    ...settings,
  };
  return Object.entries(all).flatMap(([name, value]) => ["-c", `${name}=${value}`]);
}

async function socketDirectory({ directory, account }: Cluster): Promise<string> {
  if (Buffer.byteLength(directory) <= SOCKET_DIRECTORY_BYTES_MAX) return directory;
  const elsewhere = await mkdtemp(join(tmpdir(), "gatehouse-"));
  await giveTo(account, elsewhere);
  return elsewhere;
}

/** Two that start at once both launch a server; Postgres lets one of the servers live. */
async function launchedByAnother(cluster: Cluster): Promise<Postmaster | null> {
  const deadline = Date.now() + STOP_TIMEOUT_MS;
  while (Date.now() < deadline) {
    const postmaster = await readPostmaster(cluster);
    if (!postmaster || postmaster.ready) return postmaster;
    await after(POLL_MS);
  }
  return null;
}

async function refuseStart(log: string): Promise<never> {
  const lines = (await readFile(log, "utf8").catch(() => "")).trim().split("\n");
  const reason = lines.findLast((line) => /FATAL|PANIC|ERROR/.test(line)) ?? lines.at(-1) ?? "";
  throw new Fault("unavailable", `The embedded Postgres ${MAJOR_VERSION} does not start: ${reason} (see ${log})`);
}

/** Fast shutdown: transactions that still run are rolled back, what is committed is on disk. */
async function stop(cluster: Cluster, { pid, socketDirectory }: Postmaster, lock: HeldLock): Promise<void> {
  await lock[Symbol.asyncDispose]();
  signal(pid, "SIGINT");
  const deadline = Date.now() + STOP_TIMEOUT_MS;
  while ((await readPostmaster(cluster))?.pid === pid && isAlive(pid)) {
    if (Date.now() > deadline) signal(pid, "SIGKILL");
    await after(POLL_MS);
  }
  if (socketDirectory !== cluster.directory) await rm(socketDirectory, { recursive: true, force: true });
}

function signal(pid: number, name: NodeJS.Signals): void {
  try {
    process.kill(pid, name);
  } catch {
    // It has ended already.
  }
}
