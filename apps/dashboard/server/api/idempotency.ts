import { createHash } from "node:crypto";
import { Fault } from "@gatehouse/faults";
import { withOrg } from "@gatehouse/store/database";
import {
  claimIdempotencyKey,
  type IdempotencyKey,
  type KeyedRequest,
  keepAnswer,
  releaseIdempotencyKey,
} from "@gatehouse/store/idempotency-keys";
import type { SealedFor } from "@gatehouse/vault/vault";
import type { Context } from "hono";
import { createMiddleware } from "hono/factory";
import type { ContentfulStatusCode } from "hono/utils/http-status";
import type { Deps } from "../dashboard.ts";
import type { InOrg } from "./membership.ts";

const LENGTH_MAX = 255;
/** Of an answer that is kept for a day. */
const ANSWER_LENGTH_MAX = 64 * 1024;
/** Is kept in place of a longer one. */
const TOO_LONG = 413;

/**
 * `Idempotency-Key` (draft-ietf-httpapi-idempotency-key-header): what a POST has done is not done twice, and answered as it
 * was. What was refused has done nothing, and may be tried again under the same key.
 */
export function idempotency({ db, vault }: Pick<Deps, "db" | "vault">) {
  return createMiddleware<InOrg>(async function idempotency(c, next) {
    const given = c.req.method === "POST" ? c.req.header("idempotency-key") : undefined;
    if (given === undefined) return next();
    const { id: org } = c.var.membership.org;
    const key = { callerId: c.var.session.user.id, keyHash: sha256(checked(given)) };
    const requestHash = sha256(`${c.req.path}\n${await c.req.text()}`);
    const first = await withOrg(db, org, (scope) => claimIdempotencyKey(scope, key, requestHash));
    const place = placeOf(org, key);
    if (first) return again(c, answerOf(first, requestHash), (sealed) => vault.open(place, sealed));
    await next();
    const text = isWhole(c.res) ? await c.res.clone().text() : null;
    const isKept = text !== null && text.length <= ANSWER_LENGTH_MAX;
    const sealed = text === null ? null : await vault.seal(place, isKept ? text : "");
    const status = isKept ? c.res.status : TOO_LONG;
    await withOrg(db, org, (scope) =>
      sealed ? keepAnswer(scope, key, { status, sealed }) : releaseIdempotencyKey(scope, key),
    );
  });
}

function checked(key: string): string {
  if (key !== "" && key.length <= LENGTH_MAX) return key;
  throw new Fault("invalid_request", `An Idempotency-Key has 1 to ${LENGTH_MAX} characters, such as a UUID`);
}

/** Nothing that is a stream is kept. */
function isWhole({ ok, status, headers }: Response): boolean {
  return ok && (status === 204 || !headers.has("content-type") || isJson(headers));
}

const isJson = (headers: Headers) => headers.get("content-type")!.startsWith("application/json");

function answerOf({ requestHash, answer }: KeyedRequest, asked: Buffer) {
  if (!requestHash.equals(asked)) {
    throw new Fault("key_reused", "This Idempotency-Key came with another request before: a new request has a new key");
  }
  if (!answer)
    throw new Fault("conflict", "The request with this Idempotency-Key is still under way: ask again shortly");
  return answer;
}

async function again(
  c: Context,
  { status, sealed }: { status: number; sealed: Buffer },
  open: (sealed: Buffer) => Promise<string>,
): Promise<Response> {
  if (status === TOO_LONG) throw new Fault("conflict", "This was done, and its answer was too long to be kept");
  const text = await open(sealed);
  c.header("idempotency-replayed", "true");
  if (text === "") return c.body(null, status as ContentfulStatusCode);
  return c.body(text, status as ContentfulStatusCode, { "content-type": "application/json" });
}

function placeOf(org: string, { callerId, keyHash }: IdempotencyKey): SealedFor {
  return { org, row: `idempotency_keys/${callerId}/${keyHash.toString("hex")}` };
}

function sha256(text: string): Buffer {
  return createHash("sha256").update(text).digest();
}
