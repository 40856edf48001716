import { Fault } from "@gatehouse/faults";
import { insertAudit } from "@gatehouse/store/audit";
import { type OrgScope, withOrg } from "@gatehouse/store/database";
import { deleteInvitation, findInvitationByToken, type InvitationByToken } from "@gatehouse/store/invitations";
import { findRole, insertMembership } from "@gatehouse/store/orgs";
import { findServiceAccountRole } from "@gatehouse/store/service-accounts";
import { findSuspension } from "@gatehouse/store/suspensions";
import { findUserByEmail, insertUser } from "@gatehouse/store/users";
import { findWayBack } from "../way-back.ts";
import { type AccountContext, type AccountDeps, type AccountForm, linkIsDead, tokenHashOf } from "./form.ts";
import { joinPage, newAccountPage, otherAccountPage, signInToJoinPage } from "./pages.ts";
import { newAccount } from "./sign-up.ts";
import { findSignedIn, signInUrl } from "./signed-in.ts";

const ASK_AGAIN = "Ask whoever invited you to send it again.";

/**
 * `/account/invitation`, from the mail. The link shows who reads the invited mailbox, so the invitation is for the account
 * with that email address, which is made here where there is none; and for no other account.
 */
export function invitationForm(deps: AccountDeps): AccountForm {
  const { db, browserSessions } = deps;

  async function find(c: AccountContext): Promise<InvitationByToken> {
    const invitation = await findInvitationByToken(db, tokenHashOf(c));
    if (!invitation || !(await stillInvites(deps, invitation))) throw linkIsDead(ASK_AGAIN);
    return invitation;
  }

  return {
    async show(c, view) {
      const invitation = await find(c);
      const signedIn = await findSignedIn(deps, c);
      if (signedIn?.user.email === invitation.email) return joinPage({ ...view, invitation });
      if (signedIn) return otherAccountPage({ ...view, invitation, email: signedIn.user.email });
      const here = new URL(c.req.url);
      if (await findUserByEmail(db, invitation.email)) {
        return signInToJoinPage({ invitation, signInUrl: signInUrl(here.pathname + here.search) });
      }
      refuseWhereClosed(deps);
      const title = `Join ${invitation.org.name}`;
      return newAccountPage({ ...view, email: invitation.email, title, action: "Create account and join", invitation });
    },

    async submit(c, values) {
      const invitation = await find(c);
      const signedIn = await findSignedIn(deps, c);
      if (values.decision === "leave") {
        await browserSessions.end(c);
        const { pathname, search } = new URL(c.req.url);
        return pathname + search;
      }
      if (signedIn) {
        if (signedIn.user.email !== invitation.email) throw forAnother(invitation);
        await withOrg(db, invitation.org.id, (org) => accept(org, invitation, signedIn.user.id));
        return (await findWayBack(deps, c, invitation.org)).path;
      }
      refuseWhereClosed(deps);
      const account = await newAccount(values, invitation.email);
      const user = await withOrg(db, invitation.org.id, async (org) => {
        const user = await insertUser(org.db, account);
        await accept(org, invitation, user.id);
        return user;
      });
      await browserSessions.start(c, user.id);
      return (await findWayBack(deps, c, invitation.org)).path;
    },
  };
}

/** Who has left the org since, or may no longer make such a member, leaves nobody behind in their place; nor does an org that is suspended. */
async function stillInvites(
  { db }: AccountDeps,
  { org: { id }, inviterId, role }: InvitationByToken,
): Promise<boolean> {
  const own = await withOrg(db, id, async (org) => {
    if (await findSuspension(org)) return null;
    return (await findRole(org, inviterId)) ?? (await findServiceAccountRole(org, inviterId));
  });
  return own === "owner" || (own === "admin" && role !== "owner");
}

async function accept(org: OrgScope, { id, email, role }: InvitationByToken, userId: string): Promise<void> {
  if (!(await deleteInvitation(org, id))) throw linkIsDead(ASK_AGAIN);
  if (await findRole(org, userId)) return;
  await insertMembership(org, { userId, role });
  await insertAudit(org, { event: "invitation.accepted", outcome: "ok", userId, entry: { email, after: { role } } });
}

function forAnother({ email }: InvitationByToken): Fault {
  return new Fault("forbidden", `This invitation is for ${email}. Sign in with that account to accept it.`);
}

function refuseWhereClosed({ signup }: AccountDeps): void {
  if (signup !== "closed") return;
  throw new Fault("forbidden", "No new accounts are made here. Ask whoever runs this server.");
}
