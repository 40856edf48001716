import { Fault } from "@gatehouse/faults";
import { CONNECT_LINKS, connectLink } from "@gatehouse/oauth/client/connect-link";
import { openRenewal, type RenewDeps } from "@gatehouse/renewal/renew";
import { listToolsOfConnector } from "@gatehouse/store/connectors";
import type { Credential } from "@gatehouse/store/credentials";
import { withOrg } from "@gatehouse/store/database";
import type { ToolDefinition } from "@gatehouse/store/tables";
import type { Exchange } from "../exchange.ts";
import type { OrgSnapshots } from "../snapshots.ts";
import { openKnownCredentials } from "./known-credentials.ts";
import { takeLinkAnswer } from "./link-ask.ts";
import { LinkNeeded } from "./link-needed.ts";

/** What members have linked, or typed in, to open an upstream as themselves. */
export interface MemberCredentials {
  /**
   * The member's own, renewed where it is about to end: at once where it is known. Throws `LinkNeeded` where there is none,
   * and where it has ended.
   */
  fresh(exchange: Exchange): Credential | Promise<Credential>;
  /** After the upstream has refused it: `true` where there is another by now. Throws `LinkNeeded` where there will be none. */
  renewRefused(exchange: Exchange): Promise<boolean>;
  /** The tools of an upstream that cannot be asked for them. */
  catalogue(exchange: Exchange): Promise<ToolDefinition[]>;
}

export type MemberCredentialsDeps = RenewDeps & { publicUrl: URL; snapshots: Pick<OrgSnapshots, "onMemberChange"> };

/** A token that ends sooner is renewed before it is sent. */
const RENEW_AHEAD_MS = 60_000;
/** A client that has opened the page for its member waits here for as long as this. */
const WAIT_FOR_LINK_MS = 45_000;

export function openMemberCredentials(deps: MemberCredentialsDeps): MemberCredentials {
  const { vault, publicUrl } = deps;
  const known = openKnownCredentials(deps);
  const renew = openRenewal(deps);
  const linkKey = vault.derive(CONNECT_LINKS);

  function find(exchange: Exchange): Credential | Promise<Credential> {
    const credential = known.find(memberOf(exchange), exchange.connector.id);
    if (credential instanceof Promise) return credential.then((row) => usable(exchange, row));
    return usable(exchange, credential);
  }

  function usable(exchange: Exchange, credential: Credential | null): Credential | Promise<Credential> {
    if (!isLive(credential)) throw linkNeeded(exchange, credential);
    return endsWithin(credential, RENEW_AHEAD_MS) ? renewAhead(exchange, credential) : credential;
  }

  /** A token that has not ended yet serves also where the upstream cannot be asked for another just now. */
  async function renewAhead(exchange: Exchange, credential: Credential): Promise<Credential> {
    const renewed = await renewOnce(exchange, credential).catch((error) => {
      if (endsWithin(credential, 0)) throw error;
      return credential;
    });
    if (isLive(renewed)) return renewed;
    throw linkNeeded(exchange, renewed);
  }

  async function renewOnce(exchange: Exchange, credential: Credential): Promise<Credential | null> {
    const { org, connector } = exchange;
    const renewed = await renew({ orgId: org.id, orgSlug: org.slug, connector }, credential).catch((error) => {
      throw describe(exchange, error);
    });
    if (renewed) known.note(org.id, renewed);
    return renewed;
  }

  async function findOnceLinked(exchange: Exchange): Promise<Credential> {
    const changed = known.changed(memberOf(exchange), WAIT_FOR_LINK_MS);
    try {
      return await find(exchange);
    } catch (error) {
      if (!(error instanceof LinkNeeded)) throw error;
      await changed;
      return find(exchange);
    }
  }

  function linkNeeded({ org, connector, token }: Exchange, credential: Credential | null): Fault {
    if (!org.members.has(token.subject)) return noAccount(connector);
    const whose = { org: org.slug, connector: connector.slug, connectorId: connector.id, userId: token.subject };
    const url = connectLink({ publicUrl, key: linkKey }, whose);
    return credential?.status === "broken"
      ? new LinkNeeded(`The link to your ${connector.name} account has ended, and has to be made anew.`, url)
      : new LinkNeeded(`You have not linked your ${connector.name} account yet.`, url);
  }

  function note(exchange: Exchange, credential: Credential): Credential {
    exchange.credential = credential;
    return credential;
  }

  return {
    fresh(exchange) {
      const found = takeLinkAnswer(exchange) === "accept" ? findOnceLinked(exchange) : find(exchange);
      return found instanceof Promise ? found.then((row) => note(exchange, row)) : note(exchange, found);
    },
    async renewRefused(exchange) {
      const refused = exchange.credential;
      if (!refused) return false;
      if (refused.kind !== "member-oauth") throw linkNeeded(exchange, { ...refused, status: "broken" });
      const renewed = await renewOnce(exchange, refused);
      if (!isLive(renewed)) throw linkNeeded(exchange, renewed);
      return renewed.version !== refused.version;
    },
    async catalogue({ org, connector }) {
      const tools = await withOrg(deps.db, org.id, (scope) => listToolsOfConnector(scope, connector.id));
      return tools.map(({ definition }) => definition);
    },
  };
}

const memberOf = ({ org, token }: Exchange) => ({ orgId: org.id, userId: token.subject });

function noAccount({ name }: Exchange["connector"]): Fault {
  return new Fault("forbidden", `${name} is opened by members with accounts of their own; a service account has none.`);
}

function isLive(credential: Credential | null): credential is Credential {
  return credential?.status === "live" && credential.sealed !== null;
}

function endsWithin({ expiresAt }: Credential, ms: number): boolean {
  return expiresAt !== null && expiresAt.getTime() - ms < Date.now();
}

function describe({ connector }: Exchange, error: unknown): unknown {
  if (!(error instanceof Fault) || error.code === "internal") return error;
  const detail = `The link to your ${connector.name} account could not be renewed: ${error.message}. Trying again may help.`;
  return new Fault(error.code, detail, { cause: error });
}
