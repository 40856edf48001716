import { execFile } from "node:child_process";
import { glob, mkdir, readFile, writeFile } from "node:fs/promises";
import { delimiter, join } from "node:path";
import { pathToFileURL } from "node:url";
import { promisify } from "node:util";
import { V1Provider } from "@gatehouse/testing/client-v1";
import { Client } from "@modelcontextprotocol/client";
import { StdioClientTransport } from "@modelcontextprotocol/client/stdio";
import { gatehouse, printed, temporaryDirectory } from "../apps/gatehouse/test/command.ts";

// Clients that nobody here wrote, from npm, as they are: given the address that `npm start` prints, with a script in place
// of the browser. Each is started anew for every call, and finds its tokens as it left them, or as they are after their end.

const run = promisify(execFile);

interface ForeignClient {
  /** With its version, as npm takes it. */
  package: string;
  /** Starts it, calls the tool `echo`, and answers what came back. */
  call(): Promise<string>;
  /** Makes what it has stored worth nothing, as time or its member's decision would. */
  end(what: "access_token" | "refresh_token"): Promise<void>;
  /** How often its person has been asked to sign in. */
  signIns(): Promise<number>;
}

await using temporary = await temporaryDirectory();
const directory = temporary.path;
await using house = gatehouse(["up"], { environment: { GATEHOUSE_DATA_DIR: join(directory, "data") } });
const { mcp, email, password } = printed(await house.says("Ctrl-C ends it"));

const clients = [mcpRemote(), mcporter(), aiSdk()];
await install(clients.map((client) => client.package));
const rows: string[] = [];
for (const client of clients) rows.push(await prove(client));
await report(rows);

/** Where a browser would be started, our person is. */
async function install(packages: string[]): Promise<void> {
  const bin = join(directory, "bin");
  await mkdir(bin);
  const person = `#!/bin/sh\nexec "${process.execPath}" "${join(import.meta.dirname, "person.ts")}" "$1"\n`;
  await writeFile(join(bin, "xdg-open"), person, { mode: 0o755 });
  await writeFile(join(directory, "package.json"), '{ "private": true }');
  await run("npm", ["install", "--no-audit", "--no-fund", "--ignore-scripts", ...packages], { cwd: directory });
}

async function prove(client: ForeignClient): Promise<string> {
  const first = await start(client);
  const again = await start(client);
  await client.end("access_token");
  const renewed = await start(client);
  await client.end("access_token");
  await client.end("refresh_token");
  const anew = await start(client);
  return `| ${[client.package, first, again, renewed, anew].join(" | ")} |`;
}

/** Fails where the call does; says whom it took. */
async function start(client: ForeignClient): Promise<string> {
  const before = await client.signIns();
  const answer = await client.call();
  if (!answer.includes("Echo: hello")) throw new Error(`${client.package} got no answer: ${answer}`);
  const asked = (await client.signIns()) - before;
  if (asked > 1) throw new Error(`${client.package} had its member sign in ${asked} times`);
  return asked === 1 ? "its member signs in, and it calls" : "it calls, and asks nobody";
}

/** Bridges a client that speaks stdio alone. */
function mcpRemote(): ForeignClient {
  const name = "mcp-remote";
  const args = [join(directory, "node_modules/mcp-remote/dist/proxy.js"), mcp];
  async function call(): Promise<string> {
    const transport = new StdioClientTransport({
      command: process.execPath,
      args,
      env: environmentOf(name),
      stderr: "ignore",
    });
    const client = new Client({ name: "stdio-client", version: "1" });
    await client.connect(transport, { timeout: 60_000 });
    const answer = await client.callTool({ name: "echo", arguments: { message: "hello" } });
    await client.close();
    return JSON.stringify(answer);
  }
  return { package: "mcp-remote@0.15.1", call, ...ownHome(name) };
}

function mcporter(): ForeignClient {
  const name = "mcporter";
  const main = join(directory, "node_modules/mcporter/dist/cli.js");
  async function call(): Promise<string> {
    const args = [main, "call", "--http-url", mcp, "--allow-http", "echo", "message=hello"];
    return (await run(process.execPath, args, { env: environmentOf(name) })).stdout;
  }
  return { package: "mcporter@0.12.3", call, ...ownHome(name) };
}

/** A library, whose OAuth is its own: what an application does with it, done here. */
function aiSdk(): ForeignClient {
  let asked = 0;
  class Provider extends V1Provider {
    override async redirectToAuthorization(url: URL): Promise<void> {
      asked++;
      await super.redirectToAuthorization(url);
    }
    invalidateCredentials(): void {
      this.savedTokens = undefined;
    }
  }
  const authProvider = new Provider({ id: "", email, password });
  async function call(): Promise<string> {
    const entry = join(directory, "node_modules/@ai-sdk/mcp/dist/index.js");
    const { createMCPClient, auth } = await import(pathToFileURL(entry).href);
    const connect = () => createMCPClient({ transport: { type: "http", url: mcp, authProvider } });
    const askedBefore = asked;
    const client = await connect().catch(async (error: unknown) => {
      if (asked === askedBefore) throw error;
      const { code, iss } = Object.fromEntries(authProvider.callback!.searchParams);
      await auth(authProvider, { serverUrl: mcp, authorizationCode: code, callbackIssuer: iss });
      return connect();
    });
    const { echo } = await client.tools();
    const answer = await echo.execute({ message: "hello" }, { toolCallId: "1", messages: [] });
    await client.close();
    return JSON.stringify(answer);
  }
  return {
    ...{ package: "@ai-sdk/mcp@2.0.99", call },
    async end(what) {
      authProvider.saveTokens({ ...authProvider.savedTokens!, [what]: "ended" });
    },
    signIns: async () => asked,
  };
}

/** Nothing of ours, and a home of its own. */
function environmentOf(name: string): Record<string, string> {
  const home = join(directory, "homes", name);
  return {
    ...{ HOME: home, PATH: [join(directory, "bin"), process.env.PATH].join(delimiter) },
    BROWSER: join(directory, "bin/xdg-open"),
    ...{ PERSON_EMAIL: email, PERSON_PASSWORD: password, PERSON_LOG: join(directory, `${name}.log`) },
  };
}

function ownHome(name: string): Pick<ForeignClient, "end" | "signIns"> {
  const { HOME, PERSON_LOG } = environmentOf(name);
  return {
    async end(what) {
      for await (const file of glob(`${HOME}/.*/**/*.json`)) {
        const stored = await readFile(file, "utf8");
        await writeFile(file, stored.replaceAll(new RegExp(`("${what}":\\s*)"[^"]*"`, "g"), '$1"ended"'));
      }
    },
    async signIns() {
      const log = await readFile(PERSON_LOG!, "utf8").catch(() => "");
      return log.split("\n").length - 1;
    },
  };
}

async function report(rows: string[]): Promise<void> {
  const text = `# Clients, proved

\`npm run proof clients\` starts Gatehouse as \`npm start\` does, and these clients, as npm has them, with the address that it prints. A script
does what their person does in a browser.

| client | the first time | started again | after its access token's end | after its refresh token's end |
|---|---|---|---|---|
${rows.join("\n")}

All of them register themselves (RFC 7591). mcporter does so again at another port for each sign-in, and then offers the refresh token
that it had before to renew, which is another client's by then (RFC 6749 §6). The tests add the MCP SDK's clients, v1 and v2, in either era, and Claude's own
registration documents and redirect URIs (\`test/clients.test.ts\`, \`apps/auth/test/documents.test.ts\`).
`;
  await writeFile(join(import.meta.dirname, "../docs/clients.md"), text);
  console.log(text);
}
