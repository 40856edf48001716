import { execFile } from "node:child_process";

/** What `promtool` says, with its exit code. */
export function promtool(...args: string[]): Promise<{ code: number; output: string }> {
  return new Promise((resolve, reject) => {
    execFile("promtool", args, (error, stdout, stderr) => {
      if (error && "code" in error && error.code === "ENOENT")
        return reject(
          new Error("promtool is missing: it comes with Debian's package prometheus (apt-get install prometheus)"),
        );
      resolve({ code: Number(error?.code ?? 0), output: stdout + stderr });
    });
  });
}
