import { spawnSync } from "node:child_process";
import { existsSync, mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fail, options, prepare } from "./prepare.mjs";

// `npm test`: installs and builds what is missing, runs every check and every test, and ends with `N passed, N failed`.
// With arguments, only the tests that they name.

/** What tests need of the machine: the commands that will do, and the Debian package that brings the first of them. */
const PROGRAMS = [
  { commands: ["redis-server"], debianPackage: "redis-server" },
  { commands: ["prometheus"], debianPackage: "prometheus" },
  {
    commands: ["chromium-headless-shell", "chromium", "chromium-browser", "google-chrome"],
    debianPackage: "chromium-headless-shell",
  },
];

const CHECKS = [["tsc", "--noEmit"], ["tsc", "--noEmit", "-p", "apps/dashboard/web"], ["biome", "check"], ["knip"]];

const chosen = process.argv.slice(2);

installPrograms();
prepare();
const outcomes = [...(chosen.length > 0 ? [] : CHECKS.map(check)), test()];
const passed = outcomes.reduce((sum, outcome) => sum + outcome.passed, 0);
const failed = outcomes.reduce((sum, outcome) => sum + outcome.failed, 0);
console.log(`${passed} passed, ${failed} failed`);
process.exitCode = failed > 0 ? 1 : 0;

function installPrograms() {
  const missing = PROGRAMS.filter(({ commands }) => !commands.some(isThere)).map((program) => program.debianPackage);
  if (missing.length === 0) return;
  const names = missing.join(" and ");
  if (process.getuid?.() !== 0 || !isThere("apt-get")) fail(`The tests need ${names}; please install them.`);
  console.log(`Installing ${names} (apt-get) …`);
  const quiet = { stdio: ["ignore", "ignore", "inherit"], env: { ...process.env, DEBIAN_FRONTEND: "noninteractive" } };
  const install = () =>
    spawnSync("apt-get", ["install", "-y", "-qq", "--no-install-recommends", ...missing], quiet).status;
  spawnSync("apt-get", ["update", "-qq"], quiet);
  if (install() !== 0) fail(`apt-get could not install ${names}; please install them.`);
}

function isThere(command) {
  return spawnSync("sh", ["-c", `command -v ${command}`]).status === 0;
}

function check(command) {
  const [name, ...args] = command;
  console.log(`\n${command.join(" ")}`);
  const passes = spawnSync(name, args, options()).status === 0;
  return { passed: passes ? 1 : 0, failed: passes ? 0 : 1 };
}

function test() {
  const directory = mkdtempSync(join(tmpdir(), "gatehouse-report-"));
  const report = join(directory, "report.json");
  const reporters = ["--reporter=default", "--reporter=json", `--outputFile.json=${report}`];
  const { status } = spawnSync("vitest", ["run", ...reporters, ...chosen], options());
  const outcome = existsSync(report) ? countTests(JSON.parse(readFileSync(report, "utf8"))) : { passed: 0, failed: 0 };
  rmSync(directory, { recursive: true, force: true });
  // Something else than a test can fail: a file that does not load, or an error that nobody caught.
  if (status !== 0 && outcome.failed === 0) return { ...outcome, failed: 1 };
  return outcome;
}

function countTests({ numPassedTests, numFailedTests, testResults }) {
  const broken = testResults.filter(
    ({ status, assertionResults }) => status === "failed" && assertionResults.length === 0,
  );
  return { passed: numPassedTests, failed: numFailedTests + broken.length };
}
