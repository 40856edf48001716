import { Fault } from "@gatehouse/faults";
import { insertAudit } from "@gatehouse/store/audit";
import type { AuditEvent } from "@gatehouse/store/audit-events";
import {
  decideOnClient,
  deleteClientHost,
  deleteClientRequests,
  deleteGrantsOfRefusedClients,
  findClientPolicy,
  findDecision,
  insertClientHost,
  type KnownClient,
  listClientHosts,
  lockClient,
  pageClients,
  updateClientPolicy,
  upsertClient,
} from "@gatehouse/store/clients";
import { type OrgScope, withOrg } from "@gatehouse/store/database";
import { insertMail } from "@gatehouse/store/mails";
import { Hono } from "hono";
import { z } from "zod";
import { jsonBody, pageOf, query, SearchedPage } from "../api/fields.ts";
import type { InOrg } from "../api/membership.ts";
import { operation } from "../api/operation.ts";
import { etagOf } from "../api/preconditions.ts";
import type { Deps } from "../dashboard.ts";

/** What disconnects somebody is done once it has been confirmed. */
const confirmed = z.boolean().default(false);

const Policy = z.object({ policy: z.enum(["any", "listed", "approved"]), confirmed });

const Decided = z.object({ decision: z.enum(["allowed", "blocked"]).nullable() });
const Decision = Decided.extend({ confirmed });

const HOST = /^[a-z0-9-]+(\.[a-z0-9-]+)*(:\d{1,5})?$/;
const NO_ENTRY = "Write a host, such as claude.ai, or the https URL of a client's metadata document";

const Entry = z.object({
  entry: z
    .string()
    .trim()
    .max(2000, NO_ENTRY)
    .refine((entry) => HOST.test(entry.toLowerCase()) || isDocumentUrl(entry), NO_ENTRY),
});

const HostToRemove = z.object({ host: z.string().max(300), confirmed });

const ClientAnswer = z.object({
  ...{ identity: z.string(), name: z.string(), host: z.string().nullable(), members: z.int() },
  registration: z.enum(["document", "dynamic", "manual"]),
  decision: Decided.shape.decision,
  /** Of the decision, for \`If-Match\`. */
  etag: z.string(),
  standing: z.enum(["allowed", "not_allowed", "blocked"]),
  requestedBy: z.array(z.string()),
  requestedAt: z.iso.datetime().nullable(),
  lastUsedAt: z.iso.datetime().nullable(),
});

const PolicyAnswer = Policy.pick({ policy: true });
const HostsAnswer = z.object({ hosts: z.array(z.string()) });
const ClientsAnswer = PolicyAnswer.extend({
  ...HostsAnswer.shape,
  /** With what `If-Match` is to say where one of these is changed. */
  etags: z.object({ policy: z.string(), hosts: z.string() }),
});

const KnownPage = SearchedPage.extend({
  after: z.string().max(2000).optional(),
  /** Those that members ask for, or the others. */
  waiting: z.stringbool().default(false),
});
const KnownAnswer = z.object({ clients: z.array(ClientAnswer), next: z.string().nullable() });

/** `/api/orgs/:org/clients` */
export function clients({ db, vault }: Deps) {
  return new Hono<InOrg>()
    .get(
      "/",
      operation("readClients", {
        summary: "Read which clients are allowed",
        needs: "decide on clients",
        answers: ClientsAnswer,
      }),
      async function list(c) {
        const { org } = c.var.membership;
        const [policy, hosts] = await withOrg(db, org.id, async (scope) => [
          await findClientPolicy(scope),
          await listClientHosts(scope),
        ]);
        return c.json({ policy, hosts, etags: { policy: etagOf({ policy }), hosts: etagOf({ hosts }) } });
      },
    )
    .get(
      "/known",
      operation("listClients", {
        summary: "List the clients that have come, by name",
        needs: "decide on clients",
        answers: KnownAnswer,
      }),
      query(KnownPage),
      async function listKnown(c) {
        const { limit, ...wanted } = c.req.valid("query");
        const rows = await withOrg(db, c.var.membership.org.id, (scope) =>
          pageClients(scope, { ...wanted, limit: limit + 1 }),
        );
        const { items, next } = pageOf(rows, limit, ({ identity }) => identity);
        return c.json({ clients: items.map(clientView), next });
      },
    )
    .get(
      "/policy",
      operation("readClientPolicy", {
        summary: "Read which clients members may connect",
        needs: "decide on clients",
        answers: PolicyAnswer,
      }),
      async function readPolicy(c) {
        return c.json({ policy: await withOrg(db, c.var.membership.org.id, findClientPolicy) });
      },
    )
    .put(
      "/policy",
      operation("chooseClientPolicy", {
        summary: "Choose which clients members may connect",
        needs: "decide on clients",
      }),
      jsonBody(Policy),
      async function choosePolicy(c) {
        const { policy, confirmed } = c.req.valid("json");
        const userId = c.var.session.user.id;
        await withOrg(db, c.var.membership.org.id, async (scope) => {
          const before = await findClientPolicy(scope);
          await updateClientPolicy(scope, policy);
          await audit(scope, userId, "client_policy.changed", { before, after: policy });
          await disconnect(scope, { userId, reason: "client_policy", confirmed });
        });
        return c.body(null, 204);
      },
    )
    .get(
      "/list",
      operation("readClientList", {
        summary: "Read which hosts are on the list",
        needs: "decide on clients",
        answers: HostsAnswer,
      }),
      async function readList(c) {
        return c.json({ hosts: await withOrg(db, c.var.membership.org.id, listClientHosts) });
      },
    )
    .post(
      "/list",
      operation("putOnClientList", {
        summary: "Allow a host, or a client's metadata document",
        needs: "decide on clients",
      }),
      jsonBody(Entry),
      async function putOnList(c) {
        const { entry } = c.req.valid("json");
        const userId = c.var.session.user.id;
        await withOrg(db, c.var.membership.org.id, async (scope) => {
          if (isDocumentUrl(entry)) await allowDocument(scope, userId, entry);
          else if (await insertClientHost(scope, entry.toLowerCase()))
            await audit(scope, userId, "client_host.listed", { after: { host: entry.toLowerCase() } });
        });
        return c.body(null, 204);
      },
    )
    .delete(
      "/list",
      operation("takeOffClientList", { summary: "Take a host off the list", needs: "decide on clients" }),
      jsonBody(HostToRemove),
      async function takeOffList(c) {
        const { host, confirmed } = c.req.valid("json");
        const userId = c.var.session.user.id;
        await withOrg(db, c.var.membership.org.id, async (scope) => {
          if (!(await deleteClientHost(scope, host))) throw new Fault("not_found", "This host is not on the list");
          await audit(scope, userId, "client_host.unlisted", { before: { host } });
          await disconnect(scope, { userId, reason: "client_policy", confirmed });
        });
        return c.body(null, 204);
      },
    )
    .get(
      "/:identity/decision",
      operation("readDecision", {
        summary: "Read what was decided about a client",
        needs: "decide on clients",
        answers: Decided,
      }),
      async function readDecision(c) {
        const found = await withOrg(db, c.var.membership.org.id, (scope) =>
          findDecision(scope, c.req.param("identity")),
        );
        return c.json(found ?? noSuchClient());
      },
    )
    .put(
      "/:identity/decision",
      operation("decideOnClient", {
        summary: "Allow a client, block it, or leave it undecided",
        needs: "decide on clients",
      }),
      jsonBody(Decision),
      async function decide(c) {
        const identity = c.req.param("identity");
        const { decision, confirmed } = c.req.valid("json");
        const { org } = c.var.membership;
        const userId = c.var.session.user.id;
        await withOrg(db, org.id, async (scope) => {
          const client = (await lockClient(scope, identity)) ?? noSuchClient();
          await decideOnClient(scope, identity, { decision, userId });
          const event: AuditEvent = decision === null ? "client.undecided" : `client.${decision}`;
          const entry = { client: identity, client_name: client.name, before: client.decision, after: decision };
          await audit(scope, userId, event, entry);
          await disconnect(scope, { userId, reason: "client_blocked", confirmed: confirmed || decision === "blocked" });
          if (decision === null) return;
          for (const to of await deleteClientRequests(scope, identity)) {
            await insertMail(scope.db, vault, { to, ...answerTo(org.name, client.name, decision) });
          }
        });
        return c.body(null, 204);
      },
    );
}

function noSuchClient(): never {
  throw new Fault("not_found", "Nobody here has met such a client");
}

function isDocumentUrl(entry: string): boolean {
  const url = URL.parse(entry);
  return url?.protocol === "https:" && url.pathname !== "/" && url.href === entry;
}

/** It may not have come to anybody here so far; what it calls itself is known once it does. */
async function allowDocument(org: OrgScope, userId: string, url: string): Promise<void> {
  const before = await lockClient(org, url);
  const { host } = new URL(url);
  if (!before) await upsertClient(org, url, { identity: url, registration: "document", name: host, host });
  await decideOnClient(org, url, { decision: "allowed", userId });
  await audit(org, userId, "client.allowed", { client: url, before: before?.decision ?? null, after: "allowed" });
}

/** Ends the grants of clients that are not allowed any more; unless that is confirmed, nothing is changed at all. */
async function disconnect(
  org: OrgScope,
  { userId, reason, confirmed }: { userId: string; reason: string; confirmed: boolean },
): Promise<void> {
  const ended = await deleteGrantsOfRefusedClients(org);
  if (ended.length > 0 && !confirmed) throw mustBeConfirmed(ended);
  for (const grant of ended) {
    const entry = { client: grant.clientId, grant: grant.id, reason, member: grant.userId };
    await audit(org, userId, "grant.revoked", entry);
  }
}

function mustBeConfirmed(ended: { clientName: string; userId: string }[]): Fault {
  const clients = [...new Set(ended.map(({ clientName }) => clientName))];
  const members = new Set(ended.map(({ userId }) => userId)).size;
  const who = members === 1 ? "one member" : `${members} members`;
  return new Fault("conflict", `This disconnects ${new Intl.ListFormat("en").format(clients)}, in use by ${who}.`, {
    data: { disconnects: { clients, members } },
  });
}

function audit(org: OrgScope, userId: string, event: AuditEvent, entry: Record<string, unknown>): Promise<void> {
  return insertAudit(org, { event, outcome: "ok", userId, entry });
}

function answerTo(org: string, client: string, decision: "allowed" | "blocked"): { subject: string; text: string } {
  return {
    allowed: {
      subject: `${client} is now allowed at ${org}`,
      text: `You had asked for it. Connect it again from the app itself.\n`,
    },
    blocked: {
      subject: `${client} stays out at ${org}`,
      text: `You had asked for it, and an owner or admin of ${org} has decided to block it. If you need it, speak to them.\n`,
    },
  }[decision];
}

function clientView({ requestedAt, lastUsedAt, ...client }: KnownClient) {
  return {
    ...client,
    etag: etagOf({ decision: client.decision }),
    requestedAt: requestedAt?.toISOString() ?? null,
    lastUsedAt: lastUsedAt?.toISOString() ?? null,
  };
}
