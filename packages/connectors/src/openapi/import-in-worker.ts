import { Worker } from "node:worker_threads";
import { Fault, type FaultCode } from "@gatehouse/faults";
import type { ImportedApi } from "./import-description.ts";

const TIME_MAX_MS = 60_000;
const MEMORY_MAX_MB = 500;

export interface ImportTask {
  text: string;
  foundAt?: string | undefined;
  /** Texts of documents that the description may refer to, by URL. */
  external?: ReadonlyMap<string, string> | undefined;
  /** Where the API is, if its owner says so. */
  url?: string | undefined;
  /** Names by key, as `importDescription` takes them. */
  names?: ReadonlyMap<string, string> | undefined;
}

export type WorkerMessage =
  | { kind: "progress"; done: number; all: number }
  | { kind: "imported"; api: ImportedApi }
  | { kind: "fault"; code: FaultCode; detail: string };

/** Everybody's together: each may take a whole processor, and all of that memory. */
const AT_ONCE = 2;
const WAITING_MAX = 20;

let running = 0;
const waiting: (() => void)[] = [];

async function takeTurn(): Promise<Disposable> {
  if (running < AT_ONCE) running++;
  else if (waiting.length < WAITING_MAX) await new Promise<void>((resolve) => waiting.push(resolve));
  else throw new Fault("rate_limited", "Many descriptions are being read just now. Please try again in a minute.");
  return {
    [Symbol.dispose]() {
      const next = waiting.shift();
      if (next) next();
      else running--;
    },
  };
}

/**
 * `importDescription` in a thread of its own, so that nobody waits for it: a minute at most, and 500 MB. Throws what that
 * throws, and `invalid_params` for a description that takes more. Others wait for their turn.
 */
export async function importInWorker(
  task: ImportTask,
  onProgress: (done: number, all: number) => void = () => {},
): Promise<ImportedApi> {
  using _ = await takeTurn();
  const worker = new Worker(new URL("import-worker.ts", import.meta.url), {
    workerData: task,
    resourceLimits: { maxOldGenerationSizeMb: MEMORY_MAX_MB },
    env: {},
  });
  const timer = setTimeout(() => worker.terminate(), TIME_MAX_MS);
  return await new Promise<ImportedApi>((resolve, reject) => {
    worker.on("message", (message: WorkerMessage) => {
      if (message.kind === "progress") onProgress(message.done, message.all);
      else if (message.kind === "imported") resolve(message.api);
      else reject(new Fault(message.code, message.detail));
    });
    worker.on("error", (cause: Error & { code?: string }) => {
      reject(cause.code === "ERR_WORKER_OUT_OF_MEMORY" ? tooMuch(cause) : cause);
    });
    worker.on("exit", () => reject(tooMuch()));
  }).finally(() => clearTimeout(timer));
}

function tooMuch(cause?: Error): Fault {
  return new Fault(
    "invalid_params",
    `Reading this description takes more than ${TIME_MAX_MS / 1000} seconds or ${MEMORY_MAX_MB} MB. Import a part of it`,
    { cause },
  );
}
