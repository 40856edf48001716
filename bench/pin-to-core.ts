import { execFileSync } from "node:child_process";
import { cpus } from "node:os";

/** All threads of the process. */
export function pinToCore(core: number, pid: number): void {
  if (cpus().length < 2) throw new Error("This takes two cores");
  execFileSync("taskset", ["--all-tasks", "--cpu-list", "--pid", String(core), String(pid)]);
}
