import { hash, randomBytes, randomUUID } from "node:crypto";
import { Fault } from "@gatehouse/faults";
import { insertAudit } from "@gatehouse/store/audit";
import type { AuditEvent } from "@gatehouse/store/audit-events";
import { decideOnClient, deleteClient, deleteGrantsOfClient, upsertClient } from "@gatehouse/store/clients";
import { type OrgScope, withOrg } from "@gatehouse/store/database";
import {
  deleteOwnClient,
  findOwnClientOf,
  insertOwnClient,
  listOwnClients,
  type OwnClient,
  replaceSecretOfOwnClient,
} from "@gatehouse/store/own-clients";
import { Hono } from "hono";
import { z } from "zod";
import { jsonBody, Page, pageOf, query } from "../api/fields.ts";
import type { InOrg } from "../api/membership.ts";
import { operation } from "../api/operation.ts";
import { etagOf } from "../api/preconditions.ts";
import type { Deps } from "../dashboard.ts";
import { redirectUriProblem } from "./redirect-uri.ts";

const DECEPTIVE = /[\p{Cc}\u061c\u200e\u200f\u202a-\u202e\u2066-\u2069]/u;

const NewOwnClient = z.object({
  name: z
    .string()
    .trim()
    .min(1, "Give the client a name that members will know it by")
    .max(100, "A name has at most 100 characters")
    .refine((name) => !DECEPTIVE.test(name), "A name must not hold control characters or change the text direction"),
  redirectUris: z
    .array(z.string().trim())
    .min(1, "Write at least one redirect URI, as the client's documentation gives it")
    .max(20, "A client has at most 20 redirect URIs")
    .superRefine((uris, context) => {
      for (const uri of uris) {
        const problem = redirectUriProblem(uri);
        if (problem) context.addIssue({ code: "custom", message: `${uri}: ${problem}` });
      }
    }),
  tokenEndpointAuthMethod: z.enum(["none", "client_secret_basic", "client_secret_post"]),
});

const OwnClientAnswer = z.object({
  ...{ id: z.string(), name: z.string(), redirectUris: z.array(z.string()), createdAt: z.iso.datetime() },
  tokenEndpointAuthMethod: NewOwnClient.shape.tokenEndpointAuthMethod,
  secretChangedAt: z.iso.datetime().nullable(),
});

const OwnClientsAnswer = z.object({
  /** Each with its own ETag, for `If-Match`. */
  clients: z.array(OwnClientAnswer.extend({ etag: z.string() })),
  next: z.string().nullable(),
});

/** `/api/orgs/:org/own-clients`: those that an owner registers by hand, for this org's endpoints alone. */
export function ownClients({ db }: Deps) {
  return new Hono<InOrg>()
    .get(
      "/",
      operation("listOwnClients", {
        summary: "List the org's own clients, by name",
        needs: "decide on clients",
        answers: OwnClientsAnswer,
      }),
      query(Page.extend({ after: z.string().max(300).optional() })),
      async function list(c) {
        const { after, limit } = c.req.valid("query");
        const page = { after, limit: limit + 1 };
        const rows = await withOrg(db, c.var.membership.org.id, (scope) => listOwnClients(scope, page));
        const { items, next } = pageOf(rows.map(ownClientView), limit, ({ id }) => id);
        return c.json({ clients: items.map((client) => ({ ...client, etag: etagOf(client) })), next });
      },
    )
    .post(
      "/",
      operation("registerOwnClient", {
        summary: "Register a client of the org's own; its secret is shown once",
        needs: "decide on clients",
        answers: z.object({ id: z.string(), secret: z.string().nullable() }),
        status: 201,
      }),
      jsonBody(NewOwnClient),
      async function register(c) {
        const client = { id: `own-${randomUUID()}`, ...c.req.valid("json") };
        const secret = client.tokenEndpointAuthMethod === "none" ? null : newSecret();
        await withOrg(db, c.var.membership.org.id, (scope) =>
          registerOwnClient(scope, c.var.session.user.id, {
            ...client,
            secretHash: secret === null ? null : sha256(secret),
          }),
        );
        return c.json({ id: client.id, secret }, 201);
      },
    )
    .get(
      "/:id",
      operation("readOwnClient", {
        summary: "Read a client of the org's own",
        needs: "decide on clients",
        answers: OwnClientAnswer,
      }),
      async function read(c) {
        const client = await withOrg(db, c.var.membership.org.id, (scope) => findOwnClientOf(scope, c.req.param("id")));
        return c.json(ownClientView(client ?? noSuchClient()));
      },
    )
    .post(
      "/:id/secret",
      operation("replaceOwnClientSecret", {
        summary: "Replace a client's secret; it is shown once",
        needs: "decide on clients",
        answers: z.object({ secret: z.string() }),
      }),
      async function replaceSecret(c) {
        const id = c.req.param("id");
        const secret = newSecret();
        await withOrg(db, c.var.membership.org.id, async (scope) => {
          if (!(await replaceSecretOfOwnClient(scope, id, sha256(secret)))) noSuchClient();
          await audit(scope, c.var.session.user.id, "own_client.secret_replaced", {
            client: id,
            after: { secret: "changed" },
          });
        });
        return c.json({ secret });
      },
    )
    .delete(
      "/:id",
      operation("deleteOwnClient", { summary: "Delete a client of the org's own", needs: "decide on clients" }),
      async function remove(c) {
        const id = c.req.param("id");
        const userId = c.var.session.user.id;
        await withOrg(db, c.var.membership.org.id, async (scope) => {
          const client = (await deleteOwnClient(scope, id)) ?? noSuchClient();
          const { name, redirectUris } = client;
          await audit(scope, userId, "own_client.deleted", { client: id, before: { name, redirectUris } });
          for (const grant of await deleteGrantsOfClient(scope, id)) {
            const entry = { client: id, grant: grant.id, reason: "client_deleted", member: grant.userId };
            await audit(scope, userId, "grant.revoked", entry);
          }
          await deleteClient(scope, id);
        });
        return c.body(null, 204);
      },
    );
}

/** Whoever registers a client allows it. */
async function registerOwnClient(
  org: OrgScope,
  userId: string,
  client: Pick<OwnClient, "id" | "name" | "redirectUris" | "tokenEndpointAuthMethod" | "secretHash">,
): Promise<void> {
  const { id, name, redirectUris, tokenEndpointAuthMethod } = client;
  await insertOwnClient(org, client);
  await upsertClient(org, id, { identity: id, registration: "manual", name, host: null });
  await decideOnClient(org, id, { decision: "allowed", userId });
  const after = { name, redirectUris, tokenEndpointAuthMethod };
  await audit(org, userId, "own_client.registered", { client: id, after });
}

function ownClientView({ createdAt, secretChangedAt, secretHash, orgId: _, ...client }: OwnClient) {
  return {
    ...client,
    createdAt: createdAt.toISOString(),
    secretChangedAt: secretHash ? secretChangedAt.toISOString() : null,
  };
}

/** 256 bits: nothing that could be guessed, so that a plain hash of it is enough. */
function newSecret(): string {
  return randomBytes(32).toString("base64url");
}

function sha256(secret: string): Buffer {
  return hash("sha256", secret, "buffer");
}

function audit(org: OrgScope, userId: string, event: AuditEvent, entry: Record<string, unknown>): Promise<void> {
  return insertAudit(org, { event, outcome: "ok", userId, entry });
}

function noSuchClient(): never {
  throw new Fault("not_found", "There is no such client");
}
