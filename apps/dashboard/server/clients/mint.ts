import { Fault } from "@gatehouse/faults";
import { MANAGEMENT_SCOPES, SCOPES } from "@gatehouse/oauth/endpoint";
import { digestOf, openStaticTokens, STATIC_TOKENS } from "@gatehouse/oauth/static-token";
import { insertAudit } from "@gatehouse/store/audit";
import { listConnectors } from "@gatehouse/store/connectors";
import type { OrgScope } from "@gatehouse/store/database";
import {
  countStaticTokens,
  insertStaticToken,
  type StaticToken,
  type TokenOwner,
} from "@gatehouse/store/static-tokens";
import type { Vault } from "@gatehouse/vault/vault";
import { z } from "zod";
import { invalidFields } from "../api/fields.ts";

const NAME_LENGTH_MAX = 80;
const DAYS_MAX = 365;
const DAY_MS = 24 * 60 * 60_000;
/** Of one member or service account: every gateway remembers all of them. */
const TOKENS_MAX = 50;

/** What people call something that they make: shown to others, so that no control characters may be in it. */
export const NameField = z
  .string()
  .trim()
  .min(1, "Give it a name")
  .max(NAME_LENGTH_MAX, `Use at most ${NAME_LENGTH_MAX} characters`)
  .regex(/^\P{C}*$/u, "Use letters, digits, spaces and punctuation only");

const ALL_SCOPES = [...SCOPES, ...MANAGEMENT_SCOPES];
const isManagement = (scope: string) => scope.startsWith("manage:");

export const NewTokenFields = z
  .object({
    name: NameField,
    expiresInDays: z
      .int("Say in how many days it is to end")
      .min(1, "It has to last a day at least")
      .max(DAYS_MAX, "It can last a year at most"),
    scopes: z.array(z.enum(ALL_SCOPES)).min(1, "Choose what it may do"),
    /** Their slugs; `null` is every connector, those to come included. */
    connectors: z.array(z.string()).min(1, "Choose at least one connector").nullable(),
  })
  .refine(({ scopes }) => scopes.every(isManagement) || !scopes.some(isManagement), {
    path: ["scopes"],
    error: "A token is for connectors or for the management API: mint one for each",
  })
  .refine(({ scopes, connectors }) => connectors === null || !scopes.some(isManagement), {
    path: ["connectors"],
    error: "A token for the management API opens no connectors",
  });

/** The only time that the token is shown. */
export const MintedAnswer = z.object({ id: z.uuid(), token: z.string() });

type NewToken = z.output<typeof NewTokenFields>;

/** The token itself is in the answer, and nowhere else. */
export async function mint(
  { vault }: { vault: Vault },
  scope: OrgScope,
  { owner, by }: { owner: TokenOwner; by: { id: string } },
  fields: NewToken,
): Promise<{ id: string; token: string }> {
  if ((await countStaticTokens(scope, owner)) >= TOKENS_MAX) {
    throw new Fault("conflict", `There are ${TOKENS_MAX} tokens already; end one that is not needed`);
  }
  const connectorIds = fields.connectors && (await idsOf(scope, fields.connectors));
  const { name, expiresInDays } = fields;
  const scopes = ALL_SCOPES.filter((known) => fields.scopes.includes(known));
  const expiresAt = new Date(Date.now() + expiresInDays * DAY_MS);
  const tokens = openStaticTokens({ key: vault.derive(STATIC_TOKENS) });
  const token = tokens.mint("userId" in owner ? "pat" : "svc", scope.id);
  const hash = Buffer.from(digestOf(token), "base64");
  const id = await insertStaticToken(scope, owner, { hash, name, scopes, connectorIds, expiresAt, createdBy: by.id });
  const rights = { scopes, connectors: fields.connectors ?? "all", expires_at: expiresAt };
  await audit(scope, "minted", by, { token: id, name, ...rights, ...holderOf(owner) });
  return { id, token };
}

async function idsOf(scope: OrgScope, slugs: string[]): Promise<string[]> {
  const connectors = await listConnectors(scope);
  const found = connectors.filter(({ slug }) => slugs.includes(slug));
  const unknown = slugs.find((slug) => !found.some((connector) => connector.slug === slug));
  if (unknown !== undefined)
    throw invalidFields({ connectors: "One of these connectors is not there any more; choose again" });
  return found.map(({ id }) => id);
}

export function auditEnd(scope: OrgScope, by: { id: string }, token: StaticToken): Promise<void> {
  const { id, name, userId, serviceAccountId } = token;
  const owner = userId ? { userId } : { serviceAccountId: serviceAccountId! };
  return audit(scope, "ended", by, { token: id, name, ...holderOf(owner) });
}

function audit(scope: OrgScope, verb: "minted" | "ended", by: { id: string }, entry: Record<string, unknown>) {
  return insertAudit(scope, { event: `static_token.${verb}`, outcome: "ok", userId: by.id, entry });
}

const holderOf = (owner: TokenOwner) =>
  "userId" in owner ? { member: owner.userId } : { service_account: owner.serviceAccountId };
