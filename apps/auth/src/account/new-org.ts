import { Fault } from "@gatehouse/faults";
import { insertAudit } from "@gatehouse/store/audit";
import { withMember } from "@gatehouse/store/database";
import { ownsAnOrg } from "@gatehouse/store/members";
import { insertMembership, insertOrg, slugProblem } from "@gatehouse/store/orgs";
import { findWayBack } from "../way-back.ts";
import { type AccountDeps, type AccountForm, nameProblem, refuseFields } from "./form.ts";
import { newOrgPage } from "./pages.ts";
import { requireSignedIn, type SignedIn } from "./signed-in.ts";

/** `/account/new-org`: whoever makes an org is its owner. */
export function newOrg(deps: AccountDeps): AccountForm {
  const { db } = deps;
  return {
    async show(c, view) {
      await refuseWhoMayNot(deps, await requireSignedIn(deps, c));
      return newOrgPage({ ...view, origin: deps.publicUrl.origin });
    },
    async submit(c, { name = "", slug = "" }) {
      const signedIn = await requireSignedIn(deps, c);
      await refuseWhoMayNot(deps, signedIn);
      refuseFields({ name: nameProblem(name, "Enter your organisation's name"), slug: slugProblem(slug) });
      const userId = signedIn.user.id;
      await insertOrg(db, { slug, name }, async function addOwner(org) {
        await insertMembership(org, { userId, role: "owner" });
        await insertAudit(org, { event: "org.created", outcome: "ok", userId, entry: { after: { slug, name } } });
      }).catch(explainTaken);
      return (await findWayBack(deps, c, { slug })).path;
    },
  };
}

/** Where accounts are made by invitation, so are orgs: by those who have been trusted with one. */
async function refuseWhoMayNot({ db, signup }: AccountDeps, { user }: SignedIn): Promise<void> {
  if (signup === "open") return;
  if (signup === "invite" && (await withMember(db, user.id, (transaction) => ownsAnOrg(transaction, user.id)))) return;
  throw new Fault("forbidden", "You may not create an organisation here. Ask whoever runs this server.");
}

function explainTaken(error: unknown): never {
  if (!(error instanceof Fault) || error.code !== "conflict") throw error;
  const problem = "This address is taken; choose another";
  throw new Fault("conflict", problem, { data: { fields: { slug: problem } } });
}
