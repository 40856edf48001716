import { hostname } from "node:os";
import type { Database } from "@gatehouse/store/database";
import { deleteReplica, putReplica } from "@gatehouse/store/replicas";
import type { Logger } from "@gatehouse/telemetry/log";
import { v7 as uuidv7 } from "uuid";
import packageJson from "../package.json" with { type: "json" };
import type { ReadinessProbe } from "./readiness.ts";
import type { AppName } from "./router.ts";

interface Said {
  db: Database;
  apps: readonly AppName[];
  readiness: ReadinessProbe;
  log: Logger;
}

const SAY_EVERY_MS = 5000;

/** Says that this process is there, and how what it depends on is, for operators to see; until it goes away. */
export function keepReplicaRow({ db, apps, readiness, log }: Said): AsyncDisposable {
  const same = { id: uuidv7(), apps: [...apps], host: hostname(), version: packageJson.version, startedAt: new Date() };
  let saying = Promise.resolve();

  async function say(): Promise<void> {
    const { dependencies } = await readiness.check();
    await putReplica(db, { ...same, dependencies });
  }
  function sayLater(): void {
    saying = say().catch((err) => log.debug({ err }, "this replica could not be noted"));
  }

  const timer = setInterval(sayLater, SAY_EVERY_MS).unref();
  sayLater();
  return {
    async [Symbol.asyncDispose]() {
      clearInterval(timer);
      await saying;
      await deleteReplica(db, same.id).catch(() => {});
    },
  };
}
