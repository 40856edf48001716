import { execFile, spawn } from "node:child_process";
import { once } from "node:events";
import { writeFile } from "node:fs/promises";
import { dirname, join } from "node:path";
import { setTimeout as after } from "node:timers/promises";
import { promisify } from "node:util";
import { launchChromium, openPage, type Page } from "@gatehouse/testing/chromium";
import { connectV2 } from "@gatehouse/testing/client-v2";
import { startModernFixture } from "@gatehouse/testing/conformance/fixture";
import { printed, temporaryDirectory } from "../apps/gatehouse/test/command.ts";

// From a fresh clone to a colleague's first call: a script goes the way in a browser as an owner and as the colleague would,
// at a person's pace, with the first command's installing counted in.

const ROOT = dirname(import.meta.dirname);
const SECONDS_MAX = 300;
/** What a person takes to find the next thing on a page, and to type a character. */
const LOOK_MS = 2000;
const CHARACTER_MS = 150;
const PASSWORD = "a horse that is correct";

const rows: string[] = [];
const began = performance.now();
let stepBegan = began;

function done(step: string): void {
  const now = performance.now();
  rows.push(`| ${step} | ${((now - stepBegan) / 1000).toFixed(0)} |`);
  stepBegan = now;
}

await using directory = await temporaryDirectory();
await using upstream = await startModernFixture();
const clone = join(directory.path, "gatehouse");
await promisify(execFile)("git", ["clone", "--quiet", ROOT, clone]);
done("`git clone`");
await using terminal = npmStart();
const { dashboard, email, password, origin } = printed(await terminal.says("Ctrl-C ends it"));
done("`npm start`, and with it installing and building, until it says where it is");

const browser = await launchChromium();
await using _ = { [Symbol.asyncDispose]: () => browser.close() };
const { page: owner } = await openPage(browser);
await owner.goto(dashboard);
await type(owner, "Email", email);
await click(owner, "button", "Continue");
await type(owner, "Password", password);
await click(owner, "button", "Sign in");
await see(owner, "Connectors");
done("the owner signs in with what stands in the terminal");

await click(owner, "link", "Register connector");
await look(owner.getByText("MCP URL", { exact: true })).then((choice) => choice.click());
await type(owner, "Name", "Tools");
await type(owner, "URL of the MCP server", upstream.url.href);
await click(owner, "button", "Register");
await see(owner, "Tools");
done("registers an MCP server by its URL, and sees what was found");

await click(owner, "link", "Tools");
await click(owner, "button", "Classify as the server suggests");
done("chooses its tools");

await click(owner, "link", "People");
await click(owner, "button", "Invite");
await type(owner, "Email addresses", "carl@new.example");
await click(owner, "button", "Send invitations");
await look(owner.getByText("carl@new.example"));
done("invites a colleague");

const { page: colleague } = await openPage(browser);
await colleague.goto(
  (await terminal.says(/http\S+\/account\/invitation\S+/)).match(/http\S+\/account\/invitation\S+/)![0],
);
await type(colleague, "Your name", "Carl");
await type(colleague, "Password", PASSWORD);
await click(colleague, "button", "Create account and join");
await see(colleague, "Connectors");
done("the colleague follows the invitation, and has an account");

const address = `${origin}/demo/tools/mcp`;
await click(colleague, "link", "My access");
await look(colleague.getByText(address).first());
await using connected = await connectV2(address, { id: "", email: "carl@new.example", password: PASSWORD });
await connected.client.callTool({ name: "test_simple_text", arguments: {} });
done("copies the address into a client, signs in, consents; the client calls");

const seconds = (performance.now() - began) / 1000;
await report();
if (seconds > SECONDS_MAX) throw new Error(`It took ${seconds.toFixed(0)} s: more than ${SECONDS_MAX}`);

async function look<T extends { waitFor(): Promise<void> }>(what: T): Promise<T> {
  await what.waitFor();
  await after(LOOK_MS);
  return what;
}

async function click(page: Page, role: "button" | "link", name: string): Promise<void> {
  await (await look(page.getByRole(role, { name, exact: true }).first())).click();
}

async function type(page: Page, label: string, text: string): Promise<void> {
  const field = await look(page.getByLabel(label, { exact: true }));
  await field.pressSequentially(text, { delay: CHARACTER_MS });
}

async function see(page: Page, heading: string): Promise<void> {
  await look(page.getByRole("heading", { name: heading, level: 1 }));
}

/** In the clone, with nothing of what is installed here. */
function npmStart() {
  const { PATH = "", HOME = "" } = process.env;
  const environment = { PATH: withoutOurs(PATH), HOME, PORT: "0", GATEHOUSE_EGRESS_ALLOW: upstream.url.host };
  const child = spawn("npm", ["start"], { cwd: clone, env: environment, stdio: ["ignore", "pipe", "inherit"] });
  const ended = once(child, "exit");
  let output = "";
  child.stdout.on("data", (chunk) => {
    output += chunk;
    child.emit("said");
  });
  return {
    async says(text: string | RegExp): Promise<string> {
      while (output.search(text) < 0) {
        const isOver = await Promise.race([once(child, "said").then(() => false), ended.then(() => true)]);
        if (isOver) throw new Error(`It ended without saying ${text}:\n${output}`);
      }
      return output;
    },
    async [Symbol.asyncDispose]() {
      child.kill("SIGTERM");
      await ended;
    },
  };
}

function withoutOurs(path: string): string {
  return path
    .split(":")
    .filter((part) => !part.startsWith(ROOT))
    .join(":");
}

async function report(): Promise<void> {
  const text = `# From a fresh clone to a colleague's first call

\`npm run proof first-call\` goes the way in a real browser: ${LOOK_MS / 1000} s for each thing that has to be found on a page, ${CHARACTER_MS} ms for
each character that has to be typed. The mail is read where it is shown as long as no mail server is named: in the terminal.

| step | seconds |
|---|---|
${rows.join("\n")}
| **all** | **${seconds.toFixed(0)}** |

Promised: at most ${SECONDS_MAX} s.
`;
  await writeFile(join(ROOT, "docs/first-call.md"), text);
  console.log(text);
}
