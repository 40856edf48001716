import { Fault } from "@gatehouse/faults";
import { listConnectors } from "@gatehouse/store/connectors";
import { withOrg } from "@gatehouse/store/database";
import { deleteStaticToken, listStaticTokens } from "@gatehouse/store/static-tokens";
import { Hono } from "hono";
import { z } from "zod";
import { jsonBody, Page, pageOf, query } from "../api/fields.ts";
import { type InOrg, may } from "../api/membership.ts";
import { operation } from "../api/operation.ts";
import type { Deps } from "../dashboard.ts";
import { TokenAnswer, tokenView } from "../people/access.ts";
import { auditEnd, MintedAnswer, mint, NewTokenFields } from "./mint.ts";

const TokensAnswer = z.object({ tokens: z.array(TokenAnswer), next: z.uuid().nullable() });

/** `/api/orgs/:org/tokens`: a member's own static tokens. Those of others are ended here too, by who may. */
export function tokens(deps: Deps) {
  const { db } = deps;
  return new Hono<InOrg>()
    .get(
      "/",
      operation("listTokens", {
        summary: "List one's own tokens, newest first",
        needs: "belong to the org",
        answers: TokensAnswer,
      }),
      query(Page),
      async function list(c) {
        const { after, limit } = c.req.valid("query");
        const { id: userId } = c.var.session.user;
        const [rows, connectors] = await withOrg(db, c.var.membership.org.id, async (scope) => [
          await listStaticTokens(scope, { userId }, { after, limit: limit + 1 }),
          await listConnectors(scope),
        ]);
        const { items, next } = pageOf(rows, limit, ({ id }) => id);
        return c.json({ tokens: items.map((token) => tokenView(token, connectors)), next });
      },
    )
    .post(
      "/",
      operation("mintToken", {
        summary: "Mint a token of one's own",
        needs: "be signed in",
        answers: MintedAnswer,
        status: 201,
      }),
      jsonBody(NewTokenFields),
      async function mintOwn(c) {
        const { user } = c.var.session;
        const fields = c.req.valid("json");
        const holder = { owner: { userId: user.id }, by: user };
        const minted = await withOrg(db, c.var.membership.org.id, (scope) => mint(deps, scope, holder, fields));
        return c.json(minted, 201);
      },
    )
    .delete(
      "/:token",
      operation("endToken", {
        summary: "End a token: one's own, or anybody's for those who may see it",
        needs: "belong to the org",
      }),
      async function end(c) {
        const { org, role } = c.var.membership;
        const { user } = c.var.session;
        const id = z.uuid().safeParse(c.req.param("token")).data ?? noSuchToken();
        const only = may(role, "see what has access") ? {} : { userId: user.id };
        await withOrg(db, org.id, async (scope) => {
          const ended = (await deleteStaticToken(scope, id, only)) ?? noSuchToken();
          await auditEnd(scope, user, ended);
        });
        return c.body(null, 204);
      },
    );
}

function noSuchToken(): never {
  throw new Fault("not_found", "This token has been ended already");
}
