import { CONNECT_LINKS, connectLink } from "@gatehouse/oauth/client/connect-link";
import { findConnector } from "@gatehouse/store/connectors";
import { findCredential } from "@gatehouse/store/credentials";
import { type OrgScope, withOrg } from "@gatehouse/store/database";
import { insertMail, type Mail } from "@gatehouse/store/mails";
import { findOrg } from "@gatehouse/store/orgs";
import { takeBrokenLinks } from "@gatehouse/store/upstream-revocations";
import { findUser } from "@gatehouse/store/users";
import type { ConnectDeps } from "./connect.ts";

type Deps = Pick<ConnectDeps, "db" | "vault" | "publicUrl">;

const COUNT_MAX = 20;

/** A member whose link an upstream has ended is told by mail, once. */
export async function tellBroken(deps: Deps): Promise<void> {
  const { db, vault } = deps;
  await db.transaction().execute(async (transaction) => {
    for (const { orgId, credentialId } of await takeBrokenLinks(transaction, COUNT_MAX)) {
      const mail = await withOrg(db, orgId, (org) => mailAbout(deps, org, credentialId));
      if (mail) await insertMail(transaction, vault, mail);
    }
  });
}

async function mailAbout({ vault, publicUrl }: Deps, scope: OrgScope, credentialId: string): Promise<Mail | null> {
  const credential = await findCredential(scope, credentialId);
  const user = credential?.userId && (await findUser(scope.db, credential.userId));
  const connector = credential && (await findConnector(scope, credential.connectorId));
  const org = await findOrg(scope);
  if (!user || !connector || !org) return null;
  const whose = { org: org.slug, connector: connector.slug, connectorId: connector.id, userId: user.id };
  const url = connectLink({ publicUrl, key: vault.derive(CONNECT_LINKS) }, whose);
  return {
    to: user.email,
    subject: `Your ${connector.name} account is no longer linked`,
    text: `Hello ${user.name},

${connector.name} at ${org.name} no longer lets Gatehouse in with your account: the link that you made has ended.
Apps that use it in your name get an error until you link the account again:

${url}

If you no longer need it, there is nothing to do.
`,
  };
}
