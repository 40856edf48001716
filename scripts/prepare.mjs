import { spawn, spawnSync } from "node:child_process";
import { existsSync, readdirSync, renameSync, rmSync, statSync } from "node:fs";
import { constants } from "node:os";
import { delimiter, dirname, join } from "node:path";
import { fileURLToPath } from "node:url";

// What has to be there before anything of ours can run. It runs under whatever Node the machine has, from 20 on.

const ROOT = dirname(dirname(fileURLToPath(import.meta.url)));
const BIN = join(ROOT, "node_modules/.bin");
const WEB = join(ROOT, "apps/dashboard/web");
const NODE_MAJOR_MIN = 20;
/** The sources run as they are, which older ones cannot. */
const SOURCES_NODE_MAJOR_MIN = 24;

/** Ends this process with one sentence. */
export function fail(sentence) {
  console.error(sentence);
  process.exit(1);
}

const majorOf = (version) => Number(version.split(".", 1)[0].replace("v", ""));

export function prepare() {
  if (majorOf(process.version) < NODE_MAJOR_MIN) {
    fail(`Gatehouse needs Node ${NODE_MAJOR_MIN} or newer to start, and this is ${process.version}.`);
  }
  install();
  buildWeb();
}

const modifiedAt = (path) => (existsSync(path) ? statSync(path).mtimeMs : 0);

function install() {
  const installed = modifiedAt(join(ROOT, "node_modules/.package-lock.json"));
  if (installed < modifiedAt(join(ROOT, "package-lock.json"))) {
    console.log("Installing what is missing (npm ci) …");
    const { status } = npm(["ci", "--include=dev", "--no-audit", "--no-fund", "--loglevel=error"]);
    if (status !== 0) fail("npm ci failed; what it wrote above says why.");
  }
  nodePath();
}

/** By npm itself where it runs us, so that it is the same one. */
function npm(args) {
  const cli = process.env.npm_execpath;
  const [command, before] = cli?.endsWith(".js") ? [process.execPath, [cli]] : ["npm", []];
  return spawnSync(command, [...before, ...args], { cwd: ROOT, stdio: "inherit" });
}

/** The Node that the sources run under: the one that npm has installed, or the machine's own where that is new enough. */
function nodePath() {
  const installed = join(BIN, "node");
  if (spawnSync(installed, ["--version"]).status === 0) return installed;
  if (majorOf(process.version) >= SOURCES_NODE_MAJOR_MIN) return process.execPath;
  return fail(
    `npm has not installed Node ${SOURCES_NODE_MAJOR_MIN}, as it does unless its ignore-scripts is on. Allow that, or install it on this machine.`,
  );
}

function buildWeb() {
  const sources = ["src", "index.html", "vite.config.ts"].map((name) => join(WEB, name));
  const built = join(WEB, "dist");
  if (Math.max(...sources.map(newestIn)) < modifiedAt(join(built, "index.html"))) return;
  console.log("Building the web app …");
  // Made aside, so that a build that was cut short is not taken for a whole one.
  const draft = join(WEB, "node_modules/.dist");
  const vite = [join(ROOT, "node_modules/vite/bin/vite.js"), "build", WEB, "--outDir", draft, "--logLevel", "warn"];
  if (spawnSync(nodePath(), vite, options()).status !== 0) fail("The web app could not be built.");
  rmSync(built, { recursive: true, force: true });
  renameSync(draft, built);
}

function newestIn(path) {
  if (!existsSync(path)) return 0;
  if (!statSync(path).isDirectory()) return modifiedAt(path);
  return Math.max(modifiedAt(path), ...readdirSync(path).map((name) => newestIn(join(path, name))));
}

/** For a child: our directory, our terminal, and the tools that npm has installed found first. */
export function options() {
  const PATH = [BIN, process.env.PATH].join(delimiter);
  return { cwd: ROOT, stdio: "inherit", env: { ...process.env, PATH } };
}

/** Runs a source file as this process: it gets our signals, and we end as it ends. */
export function become(args) {
  const child = spawn(nodePath(), args, options());
  for (const signal of ["SIGINT", "SIGTERM", "SIGHUP"]) process.on(signal, () => child.kill(signal));
  child.on("exit", (code, signal) => process.exit(code ?? 128 + constants.signals[signal]));
}
