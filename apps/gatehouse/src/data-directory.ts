import { randomBytes } from "node:crypto";
import type { Stats } from "node:fs";
import { access, constants, link, mkdir, open, rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { Fault } from "@gatehouse/faults";

/** Others may pass through, since as root Postgres runs as another user, but they can neither list nor read. */
const DIRECTORY_MODE = 0o711;

const REASONS: Record<string, string> = {
  EACCES: "permission denied",
  EPERM: "permission denied",
  EROFS: "its file system is read-only",
  ENOSPC: "its disk is full",
  ENOTDIR: "a part of the path is a file",
  EEXIST: "it is a file",
};

export async function openDataDirectory(directory: string): Promise<void> {
  try {
    await mkdir(directory, { recursive: true, mode: DIRECTORY_MODE });
    await access(directory, constants.R_OK | constants.W_OK | constants.X_OK);
  } catch (error) {
    throw notWritable(directory, error);
  }
}

/** The secret of that name, which `make` makes the first time. Of two that start at once, both get the same. */
export async function keepSecret(directory: string, name: string, make: () => string): Promise<string> {
  const file = join(directory, name);
  const draft = `${file}.${randomBytes(4).toString("hex")}`;
  try {
    const kept = await readIfThere(file);
    if (kept !== null) return kept;
    await writeFile(draft, `${make()}\n`, { mode: 0o600, flush: true });
    await link(draft, file).catch(unlessThere);
    return (await readIfThere(file))!;
  } catch (error) {
    throw error instanceof Fault ? error : notWritable(directory, error);
  } finally {
    await rm(draft, { force: true }).catch(() => {});
  }
}

async function readIfThere(file: string): Promise<string | null> {
  try {
    await using handle = await open(file);
    refuseOpenToOthers(file, await handle.stat());
    return (await handle.readFile("utf8")).trim();
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "ENOENT") return null;
    throw error;
  }
}

const OTHERS = 0o007;

/** What others can read is no secret, and what they could have put there is none of ours. */
function refuseOpenToOthers(file: string, { mode, uid }: Stats): void {
  const own = process.getuid?.() ?? 0;
  const isOurs = own === 0 || uid === own || uid === 0;
  if (isOurs && (mode & OTHERS) === 0) return;
  const [how, remedy] = isOurs
    ? ["can be read by", `Close it to them: chmod 600 ${file}`]
    : ["was made by", "Choose another place with GATEHOUSE_DATA_DIR"];
  throw new Fault("forbidden", `${file} ${how} other users of this machine, and so is no secret. ${remedy}.`);
}

function unlessThere(error: NodeJS.ErrnoException): void {
  if (error.code !== "EEXIST") throw error;
}

function notWritable(directory: string, error: unknown): Fault {
  const { code = "", message } = error as NodeJS.ErrnoException;
  const reason = REASONS[code] ?? message;
  const remedy = "Choose another with GATEHOUSE_DATA_DIR.";
  return new Fault("forbidden", `The data directory ${directory} cannot be written: ${reason}. ${remedy}`, {
    cause: error,
  });
}
