import { toFault } from "@gatehouse/faults";
import { Argument, Command } from "commander";
import packageJson from "../package.json" with { type: "json" };
import type { VerifyFlags } from "./audit/audit-commands.ts";
import { readConfig } from "./config.ts";
import { showProgress } from "./progress.ts";
import type { AppName } from "./router.ts";

// Each command's part is loaded where it is run: the whole takes a second.
const operate = () => import("./operate.ts");
const operators = () => import("./operators.ts");
const plans = () => import("./plans.ts");
const audits = () => import("./audit/audit-commands.ts");

const APPS: readonly AppName[] = ["auth", "gateway", "dashboard"];

const program = new Command("gatehouse")
  .description("A multi-tenant hosted MCP gateway with its own OAuth 2.1 authorization server")
  .version(packageJson.version)
  .showHelpAfterError();

const progress = showProgress(process.stdout);

program
  .command("up", { isDefault: true })
  .description("run everything in one process, with a Postgres of its own where DATABASE_URL names none")
  .action(async () => {
    const config = readConfig();
    const { up } = await import("./up.ts");
    await up(config, progress);
  });

program
  .command("migrate")
  .description("bring the database up to date, and make the first org where there is none")
  .action(async () => {
    const config = readConfig();
    const { migrateOnly } = await import("./migrate-only.ts");
    await migrateOnly(config, progress);
  });

program
  .command("serve")
  .description("run one app, on a database that is up to date")
  .addArgument(new Argument("<app>", "which of them").choices(APPS))
  .action(async (app: AppName) => {
    const config = readConfig();
    const { serve } = await import("./serve.ts");
    await serve(app, config);
  });

const keys = program.command("keys").description("the keys that tokens are signed with, and secrets sealed");

keys
  .command("rotate")
  .description("sign with the next key; everything may go on running")
  .action(async () => (await operate()).rotateSigningKeys(readConfig(), progress));

keys
  .command("rotate-master")
  .description("wrap every org's data key with GATEHOUSE_MASTER_KEY; everything may go on running")
  .action(async () => (await operate()).rotateMasterKey(readConfig(), progress));

keys
  .command("secret")
  .description("print the deployment's secret, wrapped with GATEHOUSE_MASTER_KEY")
  .action(async () => (await operate()).printDeploymentSecret(readConfig(), progress));

const org = program.command("org").description("organisations");

for (const [command, suspended, description] of [
  ["suspend", true, "nobody calls, connects or refreshes at its endpoints until it is resumed"],
  ["resume", false, "everybody may again who could before"],
] as const) {
  org
    .command(command)
    .description(description)
    .argument("<slug>", "the org's, as in its addresses")
    .action(async (slug: string) => (await operate()).setSuspension(readConfig(), progress, { slug, suspended }));
}

org
  .command("delete")
  .description("destroy the org's data key: nothing that it kept secret can be opened again, and nobody is admitted")
  .argument("<slug>", "the org's, as in its addresses")
  .requiredOption("--confirm <slug>", "the same again, for it cannot be undone")
  .action(async (slug: string, { confirm }: { confirm: string }) =>
    (await operate()).deleteOrgOnceConfirmed(readConfig(), progress, { slug, confirm }),
  );

const operator = program.command("operator").description("people who run the deployment, in the dashboard");

operator
  .command("list")
  .description("print who is one")
  .action(async () => (await operators()).printOperators(readConfig(), progress));

for (const [command, operates, description] of [
  ["add", true, "this person sees every org, what runs and what waits, and may suspend and delete orgs"],
  ["remove", false, "this person is no operator any more"],
] as const) {
  operator
    .command(command)
    .description(description)
    .argument("<email>", "of somebody who has an account")
    .action(async (email: string) => (await operators()).setOperator(readConfig(), progress, { email, operates }));
}

const plan = program.command("plan").description("what orgs are allowed");

plan
  .command("list")
  .description("print every plan, and what it allows")
  .action(async () => (await plans()).printPlans(readConfig(), progress));

plan
  .command("save")
  .description("make a plan, or change it for every org that has it")
  .argument("<name>", "such as default, which orgs have where nothing else is said")
  .option("--limit <subject.amount=number...>", "such as member.callsPerMinute=600; what is not named has no limit", [])
  .action(async (name: string, { limit }: { limit: string[] }) =>
    (await plans()).writePlan(readConfig(), progress, { name, settings: limit }),
  );

plan
  .command("set")
  .description("give an org a plan")
  .argument("<org>", "its slug, as in its addresses")
  .argument("<name>", "the plan's")
  .action(async (slug: string, name: string) => (await plans()).setPlan(readConfig(), progress, { slug, name }));

const audit = program.command("audit").description("the audit log");

audit
  .command("verify")
  .description("name the first row that was changed, removed or put in")
  .option("--org <slug>", "this org's alone; “deployment” is what belongs to none")
  .option("--from <file>", "an export, in place of the database")
  .option("--heads <file>", "signed heads that were written outside of the database")
  .option("--key <key>", "what heads must be signed with, as `gatehouse audit key` prints it")
  .action(async (flags: VerifyFlags) => (await audits()).verifyAudit(readConfig, progress, flags));

audit
  .command("export")
  .description("write an org's whole log to standard output, as JSON lines")
  .requiredOption("--org <slug>", "the org's, as in its addresses")
  .action(async ({ org }: { org: string }) => (await audits()).exportAudit(readConfig(), process.stdout, org));

audit
  .command("key")
  .description("print the public key that heads are signed with (Ed25519)")
  .action(async () => (await audits()).printAuditKey(readConfig(), progress));

try {
  await program.parseAsync();
} catch (error) {
  process.stderr.write(`${sentenceOf(error)}\n`);
  process.exitCode = 1;
}

/** A failure that we have words for is one sentence; any other shows where it comes from. */
function sentenceOf(error: unknown): string {
  const { code, message } = toFault(error);
  if (code !== "internal") return message;
  return (error as Error)?.stack ?? String(error);
}
