import { randomUUID } from "node:crypto";
import { isPublicAddress, literalAddress } from "@gatehouse/egress/addresses";
import { Fault } from "@gatehouse/faults";
import { insertAudit } from "@gatehouse/store/audit";
import {
  deleteDelivery,
  findSealedDelivery,
  insertDelivery,
  listDeliveries,
  pauseDelivery,
  updateSealedDelivery,
} from "@gatehouse/store/audit-deliveries";
import { type OrgScope, withOrg } from "@gatehouse/store/database";
import { Hono } from "hono";
import { z } from "zod";
import { invalidFields, jsonBody } from "../api/fields.ts";
import type { InOrg } from "../api/membership.ts";
import { operation } from "../api/operation.ts";
import { etagOf } from "../api/preconditions.ts";
import type { Deps } from "../dashboard.ts";
import { newWebhookSecret, openRecipient, type Recipient, replaceSecret, sealRecipient } from "./delivery/recipient.ts";
import { sendBatch } from "./delivery/send.ts";

const DELIVERIES_MAX = 10;
const HEADERS_MAX = 16;
/** What the request itself says. */
const OWN_HEADERS = /^(host|content-.*|transfer-encoding|connection|upgrade|te|trailer|expect|user-agent)$/i;

const Url = z
  .url({ protocol: /^https?$/, error: "This is no https:// URL", abort: true })
  .max(2000, "The URL is too long")
  .refine((url) => !new URL(url).username && !new URL(url).password, "A URL must not hold a user name or password");

const HeaderName = z
  .string()
  .regex(/^[A-Za-z0-9!#$%&'*+.^_`|~-]{1,100}$/, "This is no name of a header")
  .refine((name) => !OWN_HEADERS.test(name), "This header is the request's own");

const Headers = z
  .record(HeaderName, z.string().regex(/^[\x20-\x7e]{1,4000}$/, "A header has one line of ASCII"))
  .refine((headers) => Object.keys(headers).length <= HEADERS_MAX, `No more than ${HEADERS_MAX} headers`);

const startsAt = z.enum(["now", "beginning"], { error: "Choose where to begin" });

const NewDelivery = z.discriminatedUnion("kind", [
  z.object({ kind: z.literal("webhook"), url: Url, startsAt }),
  z.object({ kind: z.literal("otlp"), url: Url, startsAt, headers: Headers.default({}) }),
]);

const DeliveryAnswer = z.object({
  id: z.uuid(),
  kind: z.enum(["webhook", "otlp"]),
  /** The URL, without its query. */
  target: z.string(),
  paused: z.boolean(),
  /** Another one once its secret has been replaced. */
  revision: z.string(),
  deliveredSeq: z.int(),
  deliveredAt: z.iso.datetime().nullable(),
  /** How many rows it has not been sent yet. */
  behind: z.int(),
  /** How often it was tried in vain, one after the other. */
  attempts: z.int(),
  error: z.string().nullable(),
  /** When it is tried again, where it failed. */
  retryAt: z.iso.datetime().nullable(),
});
/** Each with its own ETag, for `If-Match`. */
const DeliveriesAnswer = z.object({ deliveries: z.array(DeliveryAnswer.extend({ etag: z.string() })) });
/** Told this once; `null` where there is none. */
const MadeAnswer = z.object({ id: z.uuid(), secret: z.string().nullable() });
const SecretAnswer = z.object({ secret: z.string() });
const TriedAnswer = z.object({ taken: z.boolean(), says: z.string() });

const needs = "send the audit log elsewhere";

/** `/api/orgs/:org/audit-deliveries` */
export function auditDeliveries({ db, vault, egress }: Deps) {
  async function open(org: OrgScope, id: string) {
    const found = z.uuid().safeParse(id).success ? await findSealedDelivery(org, id) : null;
    const { sealed, ...delivery } = found ?? noSuchDelivery();
    return { ...delivery, recipient: await openRecipient(vault, { orgId: org.id, deliveryId: id }, sealed) };
  }

  return new Hono<InOrg>()
    .get(
      "/",
      operation("listAuditDeliveries", {
        summary: "List where the audit log is sent",
        needs,
        answers: DeliveriesAnswer,
      }),
      async function list(c) {
        const deliveries = (await withOrg(db, c.var.membership.org.id, listDeliveries)).map(shown);
        return c.json({ deliveries: deliveries.map((delivery) => ({ ...delivery, etag: etagOf(delivery) })) });
      },
    )
    .get(
      "/:id",
      operation("readAuditDelivery", {
        summary: "Read where the audit log is sent, and how far that has come",
        needs,
        answers: DeliveryAnswer,
      }),
      async function read(c) {
        const deliveries = await withOrg(db, c.var.membership.org.id, listDeliveries);
        return c.json(shown(deliveries.find(({ id }) => id === c.req.param("id")) ?? noSuchDelivery()));
      },
    )
    .post(
      "/",
      operation("createAuditDelivery", {
        summary: "Have the audit log sent somewhere",
        needs,
        answers: MadeAnswer,
        status: 201,
      }),
      jsonBody(NewDelivery),
      async function create(c) {
        const { startsAt, ...wanted } = c.req.valid("json");
        const orgId = c.var.membership.org.id;
        checkUrl(wanted.url);
        const id = randomUUID();
        const secret = wanted.kind === "webhook" ? newWebhookSecret() : null;
        const recipient: Recipient = wanted.kind === "webhook" ? { ...wanted, secrets: [{ secret: secret! }] } : wanted;
        const sealed = await sealRecipient(vault, { orgId, deliveryId: id }, recipient);
        const delivery = { id, kind: wanted.kind, target: targetOf(wanted.url) };
        await withOrg(db, orgId, async (scope) => {
          if ((await listDeliveries(scope)).length >= DELIVERIES_MAX) {
            throw new Fault("conflict", `The audit log can be sent to ${DELIVERIES_MAX} places. Delete one first`);
          }
          await insertDelivery(scope, { ...delivery, startsAt, sealed });
          const { target, kind } = delivery;
          const headers = "headers" in wanted ? Object.keys(wanted.headers) : undefined;
          const entry = { id, target, after: { kind, target, startsAt, headers } };
          await insertAudit(scope, {
            event: "audit_delivery.created",
            outcome: "ok",
            userId: c.var.session.user.id,
            entry,
          });
        });
        return c.json({ id, secret }, 201);
      },
    )
    .patch(
      "/:id",
      operation("pauseAuditDelivery", { summary: "Pause a delivery of the audit log, or have it go on", needs }),
      jsonBody(z.object({ paused: z.boolean({ error: "Say whether it is to be paused" }) })),
      async function pause(c) {
        const { paused } = c.req.valid("json");
        await withOrg(db, c.var.membership.org.id, async (scope) => {
          const { id, target, paused: before } = await open(scope, c.req.param("id"));
          await pauseDelivery(scope, id, paused);
          const entry = { id, target, before: { paused: before }, after: { paused } };
          await insertAudit(scope, {
            event: "audit_delivery.changed",
            outcome: "ok",
            userId: c.var.session.user.id,
            entry,
          });
        });
        return c.body(null, 204);
      },
    )
    .post(
      "/:id/secret",
      operation("replaceAuditDeliverySecret", {
        summary: "Replace the secret that a webhook is signed with",
        needs,
        answers: SecretAnswer,
      }),
      async function replace(c) {
        const orgId = c.var.membership.org.id;
        const secret = newWebhookSecret();
        await withOrg(db, orgId, async (scope) => {
          const { id, target, recipient } = await open(scope, c.req.param("id"));
          if (recipient.kind !== "webhook") throw new Fault("conflict", "Only webhooks are signed");
          const replaced = { ...recipient, secrets: replaceSecret(recipient.secrets, secret) };
          await updateSealedDelivery(scope, id, await sealRecipient(vault, { orgId, deliveryId: id }, replaced));
          const entry = { id, target, after: { secret: "changed" } };
          await insertAudit(scope, {
            event: "audit_delivery.changed",
            outcome: "ok",
            userId: c.var.session.user.id,
            entry,
          });
        });
        return c.json({ secret });
      },
    )
    .post(
      "/:id/test",
      operation("tryAuditDelivery", {
        summary: "Send something without rows, to see whether it is taken",
        needs,
        answers: TriedAnswer,
      }),
      async function tryOut(c) {
        c.set("isUnchanged", true);
        const { org } = c.var.membership;
        const { id, recipient } = await withOrg(db, org.id, (scope) => open(scope, c.req.param("id")));
        const began = performance.now();
        try {
          await sendBatch({ egress }, recipient, { id: `${id}_test_${randomUUID()}`, org: org.slug, rows: [] });
          return c.json({ taken: true, says: `Taken within ${Math.ceil(performance.now() - began)} ms` });
        } catch (error) {
          if (!(error instanceof Fault)) throw error;
          return c.json({ taken: false, says: error.message });
        }
      },
    )
    .delete(
      "/:id",
      operation("deleteAuditDelivery", { summary: "Have the audit log sent there no longer", needs }),
      async function remove(c) {
        await withOrg(db, c.var.membership.org.id, async (scope) => {
          const { id, kind, target } = await open(scope, c.req.param("id"));
          await deleteDelivery(scope, id);
          const entry = { id, target, before: { kind, target } };
          await insertAudit(scope, {
            event: "audit_delivery.deleted",
            outcome: "ok",
            userId: c.var.session.user.id,
            entry,
          });
        });
        return c.body(null, 204);
      },
    );

  /** Names are looked up when something is sent; what can be refused before is. */
  function checkUrl(text: string): void {
    const url = new URL(text);
    try {
      egress.check(url);
    } catch (error) {
      throw invalidFields({ url: (error as Fault).message });
    }
    if (url.protocol === "http:" && !isInternal(url)) throw invalidFields({ url: "What is in the log needs https://" });
  }
}

const INTERNAL_NAME = /^[^.]+$|\.(internal|local|localhost|lan|svc)$/;

/** Where the operator lets us reach what is not public, it may do without TLS. */
function isInternal({ hostname }: URL): boolean {
  const literal = literalAddress(hostname);
  return literal ? !isPublicAddress(literal) : INTERNAL_NAME.test(hostname);
}

/** What may be seen: a query may have a secret in it. */
function targetOf(text: string): string {
  const { origin, pathname, search } = new URL(text);
  return `${origin}${pathname}${search && "?…"}`;
}

function noSuchDelivery(): never {
  throw new Fault("not_found", "There is no such delivery");
}

type Listed = Awaited<ReturnType<typeof listDeliveries>>[number];

function shown({ chainedSeq, createdAt, dueAt, deliveredAt, ...delivery }: Listed) {
  return {
    ...delivery,
    deliveredAt: deliveredAt?.toISOString() ?? null,
    behind: Math.max(0, chainedSeq - delivery.deliveredSeq),
    retryAt: delivery.attempts > 0 && !delivery.paused ? dueAt.toISOString() : null,
  };
}
