import { Fault } from "@gatehouse/faults";
import { insertAudit } from "@gatehouse/store/audit";
import { listConnectors } from "@gatehouse/store/connectors";
import { type OrgScope, withOrg } from "@gatehouse/store/database";
import {
  archiveServiceAccount,
  insertServiceAccount,
  listServiceAccounts,
  lockServiceAccount,
  type ServiceAccount,
  suspendServiceAccount,
} from "@gatehouse/store/service-accounts";
import { listTokensOfAccounts } from "@gatehouse/store/static-tokens";
import { Hono } from "hono";
import { z } from "zod";
import { jsonBody, Page, pageOf, query } from "../api/fields.ts";
import type { InOrg } from "../api/membership.ts";
import { operation } from "../api/operation.ts";
import type { Deps } from "../dashboard.ts";
import { TokenAnswer, tokenView } from "../people/access.ts";
import { MintedAnswer, mint, NameField, NewTokenFields } from "./mint.ts";

const RoleInApi = z.enum(["admin", "member", "auditor"], { error: "Choose what it may do in the management API" });
const NewAccountFields = z.object({ name: NameField, role: RoleInApi.default("member") });
const AccountChange = z.object({ suspended: z.boolean() });

const AccountAnswer = z.object({
  ...{ id: z.uuid(), name: z.string(), role: RoleInApi },
  ...{ createdAt: z.iso.datetime(), suspendedAt: z.iso.datetime().nullable() },
});

const AccountsAnswer = z.object({
  accounts: z.array(
    z.object({
      ...{ id: z.uuid(), name: z.string(), role: RoleInApi },
      ...{ createdAt: z.iso.datetime(), suspendedAt: z.iso.datetime().nullable() },
      tokens: z.array(TokenAnswer),
    }),
  ),
  next: z.uuid().nullable(),
});

/** `/api/orgs/:org/service-accounts` */
export function serviceAccounts(deps: Deps) {
  const { db } = deps;
  return new Hono<InOrg>()
    .get(
      "/",
      operation("listServiceAccounts", {
        summary: "List service accounts, with their tokens",
        needs: "change service accounts",
        answers: AccountsAnswer,
      }),
      query(Page),
      async function list(c) {
        const { after, limit } = c.req.valid("query");
        const { accounts, next } = await withOrg(db, c.var.membership.org.id, async (scope) => {
          const rows = await listServiceAccounts(scope, { after, limit: limit + 1 });
          const { items, next } = pageOf(rows, limit, ({ id }) => id);
          const ids = items.map(({ id }) => id);
          const [tokens, connectors] = [await listTokensOfAccounts(scope, ids), await listConnectors(scope)];
          const accounts = items.map(({ id, name, role, createdAt, suspendedAt }) => ({
            ...{ id, name, role, createdAt: createdAt.toISOString(), suspendedAt: suspendedAt?.toISOString() ?? null },
            tokens: tokens
              .filter((token) => token.serviceAccountId === id)
              .map((token) => tokenView(token, connectors)),
          }));
          return { accounts, next };
        });
        return c.json({ accounts, next });
      },
    )
    .get(
      "/:account",
      operation("readServiceAccount", {
        summary: "Read a service account",
        needs: "change service accounts",
        answers: AccountAnswer,
      }),
      async function read(c) {
        const account = await withOrg(db, c.var.membership.org.id, (scope) =>
          findAccount(scope, c.req.param("account")),
        );
        const { createdAt, suspendedAt, ...shown } = account;
        const times = { createdAt: createdAt.toISOString(), suspendedAt: suspendedAt?.toISOString() ?? null };
        return c.json({ ...shown, ...times });
      },
    )
    .post(
      "/",
      operation("createServiceAccount", {
        summary: "Make a service account",
        needs: "change service accounts",
        answers: z.object({ id: z.uuid() }),
        status: 201,
      }),
      jsonBody(NewAccountFields),
      async function create(c) {
        const { user } = c.var.session;
        const fields = c.req.valid("json");
        const account = await withOrg(db, c.var.membership.org.id, async (scope) => {
          const account = await insertServiceAccount(scope, { ...fields, createdBy: user.id });
          const { name, role } = account;
          await auditChange(scope, user, "created", account, { after: { name, role } });
          return account;
        });
        return c.json({ id: account.id }, 201);
      },
    )
    .patch(
      "/:account",
      operation("suspendServiceAccount", {
        summary: "Suspend a service account, or resume it",
        needs: "change service accounts",
      }),
      jsonBody(AccountChange),
      async function suspend(c) {
        const { suspended } = c.req.valid("json");
        await withOrg(db, c.var.membership.org.id, async (scope) => {
          const account = await findAccount(scope, c.req.param("account"));
          if ((account.suspendedAt !== null) === suspended) return;
          await suspendServiceAccount(scope, account.id, suspended);
          const change = { before: { suspended: !suspended }, after: { suspended } };
          await auditChange(scope, c.var.session.user, suspended ? "suspended" : "resumed", account, change);
        });
        return c.body(null, 204);
      },
    )
    .delete(
      "/:account",
      operation("deleteServiceAccount", {
        summary: "Delete a service account, and its tokens",
        needs: "change service accounts",
      }),
      async function remove(c) {
        await withOrg(db, c.var.membership.org.id, async (scope) => {
          const account = await findAccount(scope, c.req.param("account"));
          await archiveServiceAccount(scope, account.id);
          const { name, role } = account;
          await auditChange(scope, c.var.session.user, "deleted", account, { before: { name, role } });
        });
        return c.body(null, 204);
      },
    )
    .post(
      "/:account/tokens",
      operation("mintServiceToken", {
        summary: "Mint a token for a service account",
        needs: "change service accounts",
        answers: MintedAnswer,
        status: 201,
      }),
      jsonBody(NewTokenFields),
      async function mintForAccount(c) {
        const { user } = c.var.session;
        const minted = await withOrg(db, c.var.membership.org.id, async (scope) => {
          const { id: serviceAccountId } = await findAccount(scope, c.req.param("account"));
          return mint(deps, scope, { owner: { serviceAccountId }, by: user }, c.req.valid("json"));
        });
        return c.json(minted, 201);
      },
    );
}

async function findAccount(scope: OrgScope, id: string): Promise<ServiceAccount> {
  const account = z.uuid().safeParse(id).success ? await lockServiceAccount(scope, id) : null;
  if (!account) throw new Fault("not_found", "There is no such service account");
  return account;
}

function auditChange(
  scope: OrgScope,
  by: { id: string },
  verb: "created" | "suspended" | "resumed" | "deleted",
  { id, name }: ServiceAccount,
  change: { before?: object; after?: object },
): Promise<void> {
  const entry = { service_account: id, name, ...change };
  return insertAudit(scope, { event: `service_account.${verb}`, outcome: "ok", userId: by.id, entry });
}
