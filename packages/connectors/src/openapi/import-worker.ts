import { parentPort, workerData } from "node:worker_threads";
import { toFault } from "@gatehouse/faults";
import { importDescription } from "./import-description.ts";
import type { ImportTask, WorkerMessage } from "./import-in-worker.ts";

const { text, foundAt, external, url, names } = workerData as ImportTask;
const tell = (message: WorkerMessage) => parentPort!.postMessage(message);

try {
  const api = importDescription(text, {
    foundAt: foundAt === undefined ? null : new URL(foundAt),
    url: url === undefined ? null : new URL(url),
    ...(names ? { names } : {}),
    ...(external ? { external } : {}),
    onProgress: (done, all) => tell({ kind: "progress", done, all }),
  });
  tell({ kind: "imported", api });
} catch (error) {
  const fault = toFault(error);
  if (fault.code === "internal") throw error;
  tell({ kind: "fault", code: fault.code, detail: fault.message });
}
