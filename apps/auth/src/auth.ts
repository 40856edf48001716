import type { IncomingMessage, ServerResponse } from "node:http";
import type { Egress } from "@gatehouse/egress/egress";
import { openAccessTokenVerifier } from "@gatehouse/oauth/access-token";
import type { Database } from "@gatehouse/store/database";
import { deleteExpiredOidcRecords } from "@gatehouse/store/oidc-records";
import { listPublicKeys } from "@gatehouse/store/signing-keys";
import type { Logger } from "@gatehouse/telemetry/log";
import type { Vault } from "@gatehouse/vault/vault";
import { getRequestListener } from "@hono/node-server";
import { answerFailure } from "./answer-failure.ts";
import { allowAnyOrigin } from "./cors.ts";
import { openFormTokens } from "./csrf.ts";
import { interactionPages } from "./interaction.ts";
import { loadSigningKeys } from "./keys.ts";
import { LIFETIMES, type Lifetimes } from "./lifetimes.ts";
import { type MailOptions, startMailSender } from "./mail-sender.ts";
import { openProvider } from "./provider.ts";
import { recordTokens } from "./record-tokens.ts";
import { revokeAccessToken } from "./revoke-access-token.ts";
import { openThrottle } from "./throttle.ts";

export interface AuthDeps extends MailOptions {
  publicUrl: URL;
  /** As `gatehouse_auth`. */
  db: Database;
  vault: Vault;
  egress: Egress;
  log: Logger;
  dashboardRedirectUri: string;
  lifetimes?: Lifetimes;
}

export interface Auth extends AsyncDisposable {
  handle(req: IncomingMessage, res: ServerResponse): void;
}

const COLLECTION_INTERVAL_MS = 10 * 60_000;

/** The authorization server: `/oauth/*` and its metadata. Everything that it remembers is in Postgres. */
export async function startAuth({ lifetimes = LIFETIMES, ...rest }: AuthDeps): Promise<Auth> {
  const deps = { ...rest, lifetimes };
  const { db, publicUrl, vault, log } = deps;
  const provider = openProvider({ ...deps, signingKeys: await loadSigningKeys(db, vault) });
  const verifier = openAccessTokenVerifier({ issuer: provider.issuer, listPublicKeys: () => publicKeys(db) });
  provider.use(answerFailure(log));
  provider.use(allowAnyOrigin);
  provider.use(recordTokens(deps));
  provider.use(revokeAccessToken({ ...deps, verifier }));

  const formTokens = openFormTokens(vault, publicUrl);
  const pages = interactionPages({ ...deps, provider, formTokens, throttle: openThrottle() });
  const answerOAuth = provider.callback();
  const answerPages = getRequestListener(pages.fetch, { overrideGlobalObjects: false });

  const collection = setInterval(() => {
    deleteExpiredOidcRecords(db).catch((error) => log.error({ err: error }, "expired records not collected"));
  }, COLLECTION_INTERVAL_MS);
  collection.unref();
  const mailSender = startMailSender(deps);

  return {
    handle(req, res) {
      addressByPublicUrl(req, publicUrl);
      const answer = /^\/oauth\/(interaction|assets)\//.test(req.url ?? "") ? answerPages : answerOAuth;
      answer(req, res);
    },
    async [Symbol.asyncDispose]() {
      clearInterval(collection);
      await mailSender[Symbol.asyncDispose]();
    },
  };
}

/** Every URL that is sent out is built from the public one: nothing that a request says about itself counts. */
function addressByPublicUrl({ headers }: IncomingMessage, { host, protocol }: URL): void {
  delete headers["x-forwarded-host"];
  headers["x-forwarded-proto"] = protocol.slice(0, -1);
  headers.host = host;
}

async function publicKeys(db: Database) {
  return (await listPublicKeys(db)).map(({ publicJwk }) => publicJwk);
}
