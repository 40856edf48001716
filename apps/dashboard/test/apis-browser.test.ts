import type { Org } from "@gatehouse/store/orgs";
import { type Browser, launchChromium, openPage, type Page, problemsOf } from "@gatehouse/testing/chromium";
import { connectV2 } from "@gatehouse/testing/client-v2";
import { listenOnLoopback } from "@gatehouse/testing/conformance/loopback";
import { type Person, startHouse, type TestHouse } from "@gatehouse/testing/house";
import { afterAll, beforeAll, expect, test, vi } from "vitest";

vi.setConfig({ testTimeout: 120_000 });

// An API becomes tools, in a real browser: from its description to a client's call.

let browser: Browser;
let house: TestHouse;
let acme: Org;
let owner: Person;
let member: Person;

beforeAll(async () => {
  [house, browser] = await Promise.all([startHouse({ egressAllow: ["127.0.0.1"] }), launchChromium()]);
  acme = await house.addOrg({ slug: "acme", name: "Acme" });
  owner = await house.addMember(acme, { email: "olive@acme.example", name: "Olive Owner", role: "owner" });
  member = await house.addMember(acme, { email: "max@acme.example", name: "Max Member" });
});
afterAll(async () => {
  await browser?.close();
  await house?.[Symbol.asyncDispose]();
});

const query = (name: string, type: string) => ({ name, in: "query", description: `The ${name}`, schema: { type } });
const answering = (schema: object) => ({ 200: { description: "Found", content: { "application/json": { schema } } } });
const ticket = {
  type: "object",
  properties: { id: { type: "integer" }, subject: { type: "string" }, requester_email: { type: "string" } },
};
const tickets = {
  get: {
    ...{ operationId: "listTickets", tags: ["tickets"], summary: "List tickets", description: "Newest first." },
    parameters: [query("assignee", "string"), query("limit", "integer"), query("debug", "boolean")],
    responses: answering({ type: "array", items: ticket }),
  },
  post: {
    ...{ operationId: "createTicket", tags: ["tickets"], summary: "Create a ticket" },
    requestBody: { required: true, content: { "application/json": { schema: ticket } } },
    responses: answering(ticket),
  },
};
const oneTicket = {
  parameters: [{ name: "id", in: "path", required: true, schema: { type: "integer" } }],
  get: { operationId: "getTicket", tags: ["tickets"], summary: "One ticket", responses: answering(ticket) },
  delete: { operationId: "deleteTicket", tags: ["tickets"], summary: "Delete a ticket", responses: {} },
};
const DESCRIPTION = {
  openapi: "3.1.0",
  info: { title: "Help desk", version: "1" },
  servers: [{ url: "/v1" }],
  components: {
    securitySchemes: {
      key: { type: "apiKey", in: "header", name: "X-Api-Key" },
      token: { type: "http", scheme: "bearer" },
    },
  },
  paths: {
    "/tickets": tickets,
    "/tickets/{id}": oneTicket,
    "/agents": { get: { operationId: "listAgents", tags: ["people"], summary: "List agents", responses: {} } },
    "/odd": { get: { operationId: "odd", parameters: [{ $ref: "#/nowhere" }], responses: {} } },
  },
};
const NEWER = {
  ...DESCRIPTION,
  paths: {
    "/tickets": { get: { ...tickets.get, parameters: [query("assignee", "string"), query("limit", "integer")] } },
    "/tickets/{id}": oneTicket,
    "/macros": { get: { operationId: "listMacros", tags: ["tickets"], summary: "List macros", responses: {} } },
  },
};

/** Says what it is asked, and describes itself. */
async function startHelpDesk() {
  const asked: string[] = [];
  const served = { description: DESCRIPTION as object };
  const listening = await listenOnLoopback((request, response) => {
    response.setHeader("content-type", "application/json");
    if (request.url === "/openapi.json") return response.end(JSON.stringify(served.description));
    asked.push(`${request.method} ${request.url} ${request.headers["x-api-key"]}`);
    return response.end(JSON.stringify([{ id: 1, subject: "Printer", requester_email: "max@acme.example" }]));
  });
  return { ...listening, asked, served };
}

const heading = (page: Page, name: string) => page.getByRole("heading", { name, level: 1 }).waitFor();

async function signedIn(person: Person) {
  const { page, complaints } = await openPage(browser);
  await page.goto(house.url);
  await page.getByLabel("Email").fill(person.email);
  await page.getByRole("button", { name: "Continue" }).click();
  await page.getByLabel("Password").fill(person.password);
  await page.getByRole("button", { name: "Sign in" }).click();
  await heading(page, "Connectors");
  complaints.length = 0;
  const look = async (step: string) => {
    await page.evaluate("scrollTo(0, 0)");
    expect([step, await problemsOf(page, `api-${step}`)]).toEqual([step, []]);
  };
  return { page, complaints, look, [Symbol.asyncDispose]: () => page.context().close() };
}

test("import, choose, rename, pin, see the report, call, import anew", async () => {
  await using desk = await startHelpDesk();
  await using visit = await signedIn(owner);
  const { page, complaints, look } = visit;
  const slug = "desk";

  await page.goto(`${house.url}/dashboard/acme/connectors/new`);
  await page.getByText("API description").click();
  await look("source");
  await page.getByText("Paste").click();
  await page.getByLabel("Description", { exact: true }).fill("openapi: 4.0.0\ninfo: {}");
  await page.getByRole("button", { name: "Read it" }).click();
  await page.getByText("its version is “4.0.0”").waitFor();
  await page.getByText("URL", { exact: true }).click();
  await page.getByLabel("URL of the description").fill(`${desk.origin}/openapi.json`);
  await page.keyboard.press("Enter");

  await page.getByText("5 of 6 operations can become tools").waitFor();
  await page.getByText("Show where, and why").click();
  await page.getByText("GET /odd is left out").waitFor();
  await page.getByText("Line 1, #/paths/~1odd/get").waitFor();
  await page.getByText("3 of 5 chosen").waitFor();
  await page.getByRole("heading", { name: /^Risk: \w+ \(\d+ of 100\)$/ }).waitFor();
  expect(await page.getByRole("checkbox", { name: "create_ticket" }).isChecked()).toBe(false);
  const risk = page.getByRole("region", { name: /^Risk: / });
  expect(await risk.getByText("A tool that changes something is offered").count()).toBe(0);
  await page.getByLabel("Search operations").fill("agents");
  await page.getByRole("checkbox", { name: "list_agents" }).uncheck();
  await page.getByLabel("Search operations").fill("");
  await page.getByRole("checkbox", { name: "All of tickets" }).check();
  await page.getByText("4 of 5 chosen").waitFor();
  await risk.getByText("A tool that changes something is offered").waitFor();
  await look("choice");

  const form = page.getByRole("form", { name: "The connector" });
  expect(await form.getByLabel("Where the API is").inputValue()).toBe(`${desk.origin}/v1`);
  await form.getByLabel("Name in the address").fill(slug);
  expect(await form.getByLabel("Name of the header").inputValue()).toBe("X-Api-Key");
  await form.getByRole("textbox", { name: "Secret" }).fill("of-the-desk");
  await form.getByRole("button", { name: "Register with 4 tools" }).click();
  await heading(page, "Help desk");
  await look("connector");
  const sections = page.getByRole("navigation", { name: "Sections of Help desk" });

  await sections.getByRole("link", { name: "Tools" }).click();
  await page.getByRole("link", { name: "list_tickets" }).click();
  await heading(page, "list_tickets");
  const tool = page.getByRole("form", { name: "Tool" });
  await tool.getByLabel("Name", { exact: true }).fill("my tickets");
  const assignee = tool.getByRole("group", { name: "assignee" });
  await assignee.getByLabel("How assignee is filled in").selectOption("Always this value");
  await assignee.getByRole("button", { name: "Caller" }).click();
  await page.getByRole("menuitem", { name: "The member's name" }).click();
  await assignee.getByText("no proof of who calls").waitFor();
  await assignee.getByLabel("Value").fill("");
  await assignee.getByRole("button", { name: "Caller" }).click();
  await page.getByRole("menuitem", { name: "The member's email address" }).click();
  expect(await assignee.getByLabel("Value").inputValue()).toBe("{{member.email}}");
  await tool.getByLabel("How debug is filled in").selectOption("Never sent");
  await tool.getByRole("group", { name: "limit" }).getByLabel("Default").fill("ten");
  await tool.getByLabel("Fields to leave out").fill("requester_email");
  await page.keyboard.press("Enter");
  await tool.getByRole("button", { name: "Save" }).click();
  await tool.getByText("Give it a number").waitFor();
  await tool.getByRole("group", { name: "limit" }).getByLabel("Default").fill("10");
  await tool.getByRole("button", { name: "Save" }).click();
  await tool.getByText("Use 1 to 64 letters").waitFor();
  await look("tool-refused");
  await tool.getByLabel("Name", { exact: true }).fill("my_tickets");
  await tool.getByRole("button", { name: "Save" }).click();
  await tool.getByText("Saved").waitFor();
  await heading(page, "my_tickets");
  await look("tool");

  await page.goto(`${house.url}/dashboard/acme/connectors/${slug}/tools`);
  await page.getByRole("link", { name: "my_tickets" }).waitFor();
  await sections.getByRole("link", { name: "Risk report" }).click();
  await page.getByRole("img", { name: /^\d+ of 100/ }).waitFor();
  await page.getByRole("heading", { name: "A tool that deletes or overwrites is offered" }).waitFor();
  await look("risk");
  await page.getByRole("button", { name: "Download" }).click();
  const downloading = page.waitForEvent("download");
  await page.getByRole("menuitem", { name: "SARIF" }).click();
  expect((await downloading).suggestedFilename()).toBe(`${slug}.sarif`);
  await page.getByRole("link", { name: "delete_ticket" }).first().click();
  await heading(page, "delete_ticket");

  await using connected = await connectV2(`${house.url}/acme/${slug}/mcp`, member, { era: "modern" });
  const { tools } = await connected.client.listTools();
  const mine = tools.find((one) => one.name === "my_tickets")!;
  expect(Object.keys(mine.inputSchema.properties!)).toEqual(["limit"]);
  const answer = await connected.client.callTool({ name: "my_tickets", arguments: {} });
  expect(JSON.stringify(answer)).not.toContain("requester_email");
  expect(desk.asked).toEqual(["GET /v1/tickets?assignee=max%40acme.example&limit=10 of-the-desk"]);

  desk.served.description = NEWER;
  await page.goto(`${house.url}/dashboard/acme/connectors/${slug}`);
  await page.getByRole("link", { name: "Import anew" }).click();
  await page.getByRole("button", { name: "Compare" }).click();
  await page.getByRole("heading", { name: "Added (1)" }).waitFor();
  await page.getByRole("heading", { name: "Removed (2)" }).waitFor();
  await page.getByText("The argument debug, which was edited, is no longer there").waitFor();
  await look("reimport");
  await page.getByRole("button", { name: "Take it over" }).click();
  await heading(page, "Help desk");
  await sections.getByRole("link", { name: "Tools" }).click();
  await page.getByRole("link", { name: "list_macros" }).waitFor();
  expect(await page.getByLabel("Offer list_macros").isChecked()).toBe(false);
  await page.getByRole("link", { name: "my_tickets" }).click();
  await page.getByText("Some edits have lost what they were for").waitFor();
  // Each refusal is an answer of 4xx, which Chromium notes by itself.
  expect(complaints.filter((line) => !/status of 422/.test(line))).toEqual([]);
});

test("a team is made, and a connector is open to it alone", async () => {
  await using visit = await signedIn(owner);
  const { page, complaints, look } = visit;
  const team = "Support";
  const slug = "closed";
  await house.addConnector(acme, {
    slug,
    url: "https://mcp.example.com/mcp",
    tools: [{ name: "echo", inputSchema: {} }],
  });
  await page.goto(`${house.url}/dashboard/acme/people`);
  await page.getByLabel("New team").fill(team);
  await page.keyboard.press("Enter");
  await page.getByText("Nobody yet").waitFor();
  await look("teams");
  await page.getByRole("link", { name: team, exact: true }).click();
  await heading(page, team);
  await page.getByRole("combobox", { name: "Add somebody" }).fill("max");
  await page.getByRole("option", { name: "Max Member" }).click();
  await page.getByRole("button", { name: `Take out Max Member of ${team}` }).waitFor();
  await look("team");

  await page.goto(`${house.url}/dashboard/acme/connectors/${slug}/settings`);
  const open = page.getByRole("region", { name: "Who may use it" });
  await open.getByLabel("Only these").check();
  await open.getByText("Nobody may use it").waitFor();
  await open.getByLabel(team).check();
  await look("open-to");
  await open.getByRole("button", { name: "Save" }).click();
  await open.getByRole("button", { name: "Save" }).waitFor({ state: "detached" });
  await page.reload();
  expect(await open.getByLabel(team).isChecked()).toBe(true);
  expect(complaints).toEqual([]);
});

test("a tool of a remote server is edited as well, and as it was when it is reset", async () => {
  const inputSchema = { type: "object", properties: { text: { type: "string" } }, required: ["text"] };
  const tools = [{ name: "echo", description: "Says it again", inputSchema }];
  await house.addConnector(acme, { slug: "remote", url: "https://remote.example.com/mcp", tools });
  await using visit = await signedIn(owner);
  const { page, complaints, look } = visit;
  await page.goto(`${house.url}/dashboard/acme/connectors/remote/tools/echo`);
  await heading(page, "echo");
  expect(await page.getByRole("heading", { name: "The answer" }).count()).toBe(0);
  await page.getByLabel("How text is filled in").selectOption("Never sent");
  await page.getByRole("button", { name: "Save" }).click();
  await page.getByText("The tool requires it").waitFor();
  await page.getByLabel("How text is filled in").selectOption("Always this value");
  await page.getByLabel("Value").fill("hello");
  await page.getByLabel("Title").fill("Hello");
  await page.getByText("As clients get it").click();
  await page.getByText('"title": "Hello"').waitFor();
  await page.getByRole("button", { name: "Save" }).click();
  await page.getByText("Saved").waitFor();
  await look("remote-tool");
  await page.reload();
  expect(await page.getByLabel("Value").inputValue()).toBe("hello");
  await page.getByRole("button", { name: "Reset to the original" }).click();
  await page.getByRole("button", { name: "Save" }).click();
  await page.getByText("Saved").waitFor();
  await page.reload();
  expect(await page.getByLabel("How text is filled in").inputValue()).toBe("shown");
  expect(complaints.filter((line) => !/status of 422/.test(line))).toEqual([]);
});

test("who chooses many tools is told what that means, and chooses by tag", async () => {
  const number = (at: number) => ({ get: { operationId: `getThing${at}`, tags: [`shelf ${at % 3}`], responses: {} } });
  const paths = Object.fromEntries(Array.from({ length: 60 }, (_, at) => [`/things/${at}`, number(at)]));
  await using visit = await signedIn(owner);
  const { page, complaints, look } = visit;
  await page.goto(`${house.url}/dashboard/acme/connectors/new?from=api`);
  await page.getByText("File", { exact: true }).click();
  const choosing = page.waitForEvent("filechooser");
  await page.getByRole("button", { name: "File" }).click();
  const file = Buffer.from(JSON.stringify({ ...DESCRIPTION, paths }));
  await (await choosing).setFiles({ name: "things.json", mimeType: "application/json", buffer: file });
  await page.getByRole("button", { name: "Read it" }).click();
  await page.getByText("60 tools are many").waitFor();
  await look("many");
  await page.getByRole("button", { name: "None" }).click();
  await page.getByRole("checkbox", { name: "All of shelf 1" }).check();
  await page.getByText("20 of 60 chosen").waitFor();
  await page.getByRole("button", { name: "shelf 1" }).click();
  expect(await page.getByRole("checkbox", { name: "get_thing4" }).first().isChecked()).toBe(true);
  expect(complaints).toEqual([]);
});

test("a thousand tools are searched, filtered by tag, and offered many at once", async () => {
  const operations = Array.from({ length: 1000 }, (_, number) => ({
    name: `get_thing_${number}`,
    definition: { name: `get_thing_${number}`, description: `Thing number ${number}`, inputSchema: { type: "object" } },
    ...{ classification: "read" as const, offered: false, operation: `GET /things/${number}` },
    ...{ binding: {}, tags: [`shelf ${number % 10}`] },
  }));
  const url = "https://things.example.com";
  await house.addConnector(acme, { slug: "things", url, transport: "openapi", operations });
  await using visit = await signedIn(owner);
  const { page, complaints, look } = visit;
  await page.goto(`${house.url}/dashboard/acme/connectors/things/tools`);
  await page.getByRole("heading", { name: "Tools (1000)" }).waitFor();
  await page.getByLabel("Offer get_thing_0", { exact: true }).waitFor();
  expect(await page.getByRole("switch").count()).toBeLessThan(100);
  await look("thousand");
  await page.getByLabel("Tag", { exact: true }).selectOption("shelf 3");
  const saved = page.waitForResponse((answer) => answer.request().method() === "PATCH" && answer.ok());
  await page.getByRole("button", { name: "Offer all 100" }).click();
  await saved;
  await page.getByText("100 of 100 offered").waitFor();
  await page.getByLabel("Search tools").fill("number 13");
  await page.getByText("2 of 2 offered").waitFor();
  await page.reload();
  await page.getByText("2 of 2 offered").waitFor();
  expect(complaints).toEqual([]);
});
