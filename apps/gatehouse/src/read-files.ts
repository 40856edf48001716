import { readFileSync } from "node:fs";
import { Fault } from "@gatehouse/faults";

/** For each of `names` that is given as `NAME_FILE`, what is in the file, as Docker and Kubernetes hand secrets over. */
export function readFiles(environment: NodeJS.ProcessEnv, names: readonly string[]): NodeJS.ProcessEnv {
  const read: NodeJS.ProcessEnv = {};
  const problems: string[] = [];
  for (const name of names) {
    const path = environment[`${name}_FILE`];
    if (!path) continue;
    if (environment[name]) problems.push(`${name} is given twice, by itself and by ${name}_FILE`);
    else read[name] = readFile(path, () => problems.push(`${name}_FILE is ${path}, which cannot be read`));
  }
  if (problems.length > 0) throw new Fault("invalid_fields", `${problems.join("; ")}.`);
  return { ...environment, ...read };
}

function readFile(path: string, onFailure: () => void): string {
  try {
    return readFileSync(path, "utf8").trim();
  } catch {
    onFailure();
    return "";
  }
}
