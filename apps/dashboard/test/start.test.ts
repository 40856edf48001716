import { insertAudit, listAudit } from "@gatehouse/store/audit";
import { updateOpenTo } from "@gatehouse/store/connectors";
import { withOrg } from "@gatehouse/store/database";
import type { Org } from "@gatehouse/store/orgs";
import type { Role } from "@gatehouse/store/tables";
import { type Person, startHouse, type TestHouse } from "@gatehouse/testing/house";
import { afterAll, beforeAll, expect, test, vi } from "vitest";
import { CLIENTS, type Step } from "../server/people/how-to-connect.ts";
import { isPublic } from "../server/signing-in/is-public.ts";
import { type Send, signIn } from "./signed-in.ts";

// How an org begins, how its members learn of a connector, and what each sees of their own use.

let house: TestHouse;
let stranger: Send;

beforeAll(async () => {
  house = await startHouse({ apps: ["auth", "dashboard"] });
  const elsewhere = await house.addOrg({ slug: "elsewhere" });
  stranger = await signIn(house, await house.addMember(elsewhere, { email: "x@elsewhere.example", role: "owner" }));
});
afterAll(() => house?.[Symbol.asyncDispose]());

const URL_OF_UPSTREAM = "https://tools.upstream.example/mcp";
const TOOL = { name: "echo", inputSchema: { type: "object" } };

async function startOrg(slug: string) {
  const org = await house.addOrg({ slug, name: slug });
  const person = (name: string, role: Role = "member") =>
    house.addMember(org, { email: `${name}@${slug}.example`, name, role });
  const owner = await person("owner", "owner");
  return { org, owner, person, send: await signIn(house, owner) };
}

const openTo = (org: Org, id: string, roles: Role[]) =>
  withOrg(house.ownerDb, org.id, (scope) => updateOpenTo(scope, id, { roles, teams: [] }));

test("how far an org has come follows from what is there, and is told to who may go on", async () => {
  const { org, send, person } = await startOrg("fresh");
  const steps = async () => (await send("GET", "/api/orgs/fresh/first-steps")).json;
  const none = { connector: null, isSeen: false, hasChosen: false, hasInvited: false, hasConnected: false };
  expect(await steps()).toEqual(none);
  await house.addConnector(org, { slug: "tools", url: URL_OF_UPSTREAM, tools: [TOOL] });
  const registered = { ...none, connector: { slug: "tools", name: "tools" }, isSeen: true };
  expect(await steps()).toEqual(registered);
  await send("PATCH", "/api/orgs/fresh/connectors/tools/tools/echo", { classification: "read" });
  await send("POST", "/api/orgs/fresh/people/invitations", { email: "a@new.example", role: "member" });
  expect(await steps()).toEqual({ ...registered, hasChosen: true, hasInvited: true });
  const token = { name: "CI", expiresInDays: 7, scopes: ["mcp:read"], connectors: null };
  expect((await send("POST", "/api/orgs/fresh/tokens", token)).status).toBe(201);
  expect(await steps()).toMatchObject({ hasConnected: true });
  expect((await (await signIn(house, await person("m")))("GET", "/api/orgs/fresh/first-steps")).status).toBe(403);
  expect((await stranger("GET", "/api/orgs/fresh/first-steps")).status).toBe(404);
});

test("a connector is announced once to each who may use it, with how to connect, and to as many as was said", async () => {
  const { org, owner, send, person } = await startOrg("loud");
  const [ada, bob] = [await person("ada"), await person("bob", "admin")];
  await person("carl", "auditor");
  const { id, url } = await house.addConnector(org, { slug: "tools", url: URL_OF_UPSTREAM });
  await openTo(org, id, ["member", "admin"]);
  const announcement = "/api/orgs/loud/connectors/tools/announcement";
  expect((await send("GET", announcement)).json).toEqual({ reach: 2 });
  const told = await send("POST", announcement, { reach: 3 });
  expect([told.status, told.json.reach]).toEqual([409, 2]);
  expect((await send("POST", announcement, { reach: 0 })).status).toBe(422);
  expect((await send("POST", announcement, { reach: 2, note: "For tickets." })).json).toEqual({ reach: 2 });
  const mailed = () => house.mails.filter(({ subject }) => subject === "tools is there for you to use");
  await vi.waitFor(() => expect(mailed()).toHaveLength(2));
  expect(
    mailed()
      .map(({ to }) => to)
      .sort(),
  ).toEqual([ada.email, bob.email]);
  const { text } = mailed()[0]!;
  for (const said of ["For tickets.", url, `claude mcp add --transport http tools ${url}`, "cursor://", owner.email]) {
    expect(text).toContain(said);
  }
  expect(text).not.toContain("claude.ai");
  const [row] = await withOrg(house.ownerDb, org.id, (scope) => listAudit(scope, { limit: 1 }));
  expect(row).toMatchObject({ event: "connector.announced", connectorId: id, entry: { reached: 2 }, userId: owner.id });
});

test("where the address is local, Claude Desktop is told of a bridge that reaches it", () => {
  const desktop = CLIENTS.find(({ id }) => id === "desktop")!;
  const argsFor = (origin: string) => {
    const [{ copy }] = desktop.stepsWhileLocal!({ slug: "tools", name: "Tools", address: `${origin}/a/tools/mcp` }) as [
      Step,
    ];
    return JSON.parse(copy!.text).mcpServers.tools.args;
  };
  expect(argsFor("http://localhost:8080")).toEqual(["-y", "mcp-remote", "http://localhost:8080/a/tools/mcp"]);
  expect(argsFor("http://10.0.0.7:8080").at(-1)).toBe("--allow-http");
});

test("announcements are few in a day, an owner's or admin's, and of one's own org", async () => {
  const { org, send, person } = await startOrg("quiet");
  const member = await signIn(house, await person("member"));
  await house.addConnector(org, { slug: "tools", url: URL_OF_UPSTREAM });
  const announcement = "/api/orgs/quiet/connectors/tools/announcement";
  for (const method of ["GET", "POST"]) {
    expect((await member(method, announcement, method === "POST" ? { reach: 1 } : undefined)).status).toBe(403);
    expect((await stranger(method, announcement, method === "POST" ? { reach: 1 } : undefined)).status).toBe(404);
  }
  expect((await send("POST", "/api/orgs/quiet/connectors/none/announcement", { reach: 1 })).status).toBe(404);
  for (let times = 0; times < 3; times++) expect((await send("POST", announcement, { reach: 1 })).status).toBe(200);
  const fourth = await send("POST", announcement, { reach: 1 });
  expect([fourth.status, Number(fourth.headers.get("retry-after")) > 0]).toEqual([429, true]);
});

test("a member sees the endpoints that are open to them, and their own calls alone", async () => {
  const { org, owner, person } = await startOrg("own");
  const ada = await person("ada");
  const open = await house.addConnector(org, { slug: "open", url: URL_OF_UPSTREAM, tools: [TOOL] });
  const closed = await house.addConnector(org, { slug: "closed", url: URL_OF_UPSTREAM });
  await openTo(org, closed.id, ["owner"]);
  const called = ({ id: userId }: Person, tool: string, phase: string) =>
    withOrg(house.ownerDb, org.id, (scope) =>
      insertAudit(scope, {
        ...{ event: "call", outcome: "ok", userId, connectorId: open.id },
        entry: { tool, phase, method: "tools/call", client: "https://claude.ai/client", duration_ms: 12 },
      }),
    );
  await called(ada, "first", "outcome");
  await called(owner, "not-hers", "outcome");
  await called(ada, "begun", "intent");
  await called(ada, "last", "outcome");
  const send = await signIn(house, ada);
  const { json } = await send("GET", "/api/orgs/own/access/endpoints");
  expect(json).toEqual({
    endpoints: [{ id: open.id, slug: "open", name: "open", address: open.url, tools: 1, needsAccount: false }],
    next: null,
  });
  const calls = await send("GET", "/api/orgs/own/access/calls?limit=2");
  expect(calls.json.calls).toMatchObject([{ what: "last", connector: "open", outcome: "ok", durationMs: 12 }]);
  const before = await send("GET", `/api/orgs/own/access/calls?after=${calls.json.next}`);
  expect([before.json.calls.map(({ what }: { what: string }) => what), before.json.next]).toEqual([["first"], null]);
  for (const part of ["endpoints", "calls"]) {
    expect((await stranger("GET", `/api/orgs/own/access/${part}`)).status).toBe(404);
  }
});

test("which addresses whoever is on the internet can reach", () => {
  const reachable = (url: string) => isPublic(new URL(url));
  const yes = ["https://gate.acme.example", "https://8.8.8.8", "https://gate.acme.example:8443"];
  const no = [
    "http://gate.acme.example",
    "https://localhost",
    "https://gate",
    "https://gate.local",
    "https://10.0.0.7",
  ];
  expect(yes.filter(reachable)).toEqual(yes);
  expect([...no, "https://[::1]", "https://gate.home.arpa", "https://192.168.1.2:8443"].filter(reachable)).toEqual([]);
});

test("install links hold what their clients read from them", () => {
  const endpoint = { slug: "notes", name: "Größe", address: "https://gate.example/acme/notes/mcp" };
  const linkOf = (id: string) =>
    CLIENTS.find((client) => client.id === id)!
      .steps(endpoint)
      .flatMap(({ press }) => press ?? [])[0]!.href;
  const cursor = new URL(linkOf("cursor")).searchParams;
  expect(cursor.get("name")).toBe("notes");
  expect(JSON.parse(atob(cursor.get("config")!))).toEqual({ url: endpoint.address });
  const vscode = JSON.parse(decodeURIComponent(new URL(linkOf("vscode")).search.slice(1)));
  expect(vscode).toEqual({ name: "notes", type: "http", url: endpoint.address });
});
