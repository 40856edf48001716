import { isDeepStrictEqual } from "node:util";
import type { Egress, FetchedAnswer } from "@gatehouse/egress/egress";
import { CLIENT_DOCUMENT } from "@gatehouse/egress/limits";
import { Fault } from "@gatehouse/faults";
import type { Logger } from "@gatehouse/telemetry/log";
import type { Client } from "oidc-provider";
import { freshnessOf } from "./freshness.ts";
import { openPace } from "./pace.ts";

const CLAUDE = {
  client_uri: "https://claude.ai",
  grant_types: ["authorization_code", "refresh_token"],
  response_types: ["code"],
  token_endpoint_auth_method: "none",
};

/** Documents whose host is known to refuse servers in data centres, for when it does. */
const PINNED = new Map(
  [
    {
      ...CLAUDE,
      client_id: "https://claude.ai/oauth/mcp-oauth-client-metadata",
      client_name: "Claude",
      redirect_uris: ["https://claude.ai/api/mcp/auth_callback", "https://claude.com/api/mcp/auth_callback"],
    },
    {
      ...CLAUDE,
      client_id: "https://claude.ai/oauth/claude-code-client-metadata",
      client_name: "Claude Code",
      redirect_uris: ["http://localhost/callback", "http://127.0.0.1/callback"],
    },
  ].map((document) => [document.client_id, document]),
);

/** Whether our own copy of its document is what is known of a client, which says nothing of a change. */
export function isPinnedCopy({ clientId, clientName, redirectUris }: Client): boolean {
  const pinned = PINNED.get(clientId);
  return pinned?.client_name === clientName && isDeepStrictEqual(pinned?.redirect_uris, redirectUris);
}

/** A client identifier has a path: a bare origin names a site, and no document (Client ID Metadata Document §3). */
export function isDocumentUrl(clientId: string): boolean {
  const url = URL.parse(clientId);
  return url?.protocol === "https:" && url.pathname !== "/";
}

type Headers = FetchedAnswer["headers"];

/** What a site last said, good or bad. */
interface Said {
  /** The document; `null` where there was none to be had. */
  body: Buffer | null;
  problem?: unknown;
  etag?: string | undefined;
  freshUntil: number;
  usableUntil: number;
}

const FAILURE_SHARED_MS = 10_000;
const DOCUMENTS_MAX = 1000;

/**
 * `fetch` for oidc-provider, which asks for Client ID Metadata Documents alone: guarded, bounded, never redirected, and
 * remembered as long as the document's headers say. What came of a fetch that failed serves for ten seconds, too:
 * oidc-provider looks for a client again while it tells of its failure.
 */
export function fetchMetadataDocument({ egress, log }: { egress: Egress; log: Logger }) {
  const sites = openPace({ perSecond: 1, burst: 30, waitMsMax: 0 });
  const said = new Map<string, Said>();
  const underWay = new Map<string, Promise<Said>>();

  async function ask(url: URL, before: Said | undefined): Promise<Said> {
    try {
      await sites(url.host);
      return understand(url, before, await fetchOnce(url, before?.etag));
    } catch (problem) {
      log.info({ err: problem, clientId: url.href }, "client metadata document not fetched");
      return bridge(before, problem);
    }
  }

  function fetchOnce(url: URL, etag: string | undefined): Promise<FetchedAnswer> {
    return egress.fetch(url, {
      headers: { accept: "application/json", ...(etag ? { "if-none-match": etag } : {}) },
      ...CLIENT_DOCUMENT,
    });
  }

  function askOnce(url: URL): Promise<Said> {
    const known = underWay.get(url.href);
    if (known) return known;
    const answer = ask(url, said.get(url.href)).then((now) => {
      said.delete(url.href);
      if (said.size >= DOCUMENTS_MAX) said.delete(said.keys().next().value!);
      said.set(url.href, now);
      return now;
    });
    underWay.set(url.href, answer);
    return answer.finally(() => underWay.delete(url.href));
  }

  return async function fetchMetadataDocument(input: string | URL | Request): Promise<Response> {
    const url = new URL(input instanceof Request ? input.url : input);
    const known = said.get(url.href);
    const { body, problem } = known && Date.now() < known.freshUntil ? known : await askOnce(url);
    if (body) return new Response(new Uint8Array(body));
    const pinned = PINNED.get(url.href);
    if (pinned) return Response.json(pinned);
    throw problem;
  };
}

function understand(url: URL, before: Said | undefined, { status, headers, body }: FetchedAnswer): Said {
  if (status === 304 && before?.body) return keep(before.body, { etag: before.etag, ...headers });
  if (status === 200) return keep(body, headers);
  const problem = new Fault("upstream_failed", `${url.host} answered ${status}`);
  if (status >= 500 || status === 429) throw problem;
  // The site says that there is no such document: what it said before counts no more.
  return failed(problem);
}

function keep(body: Buffer, headers: Headers): Said {
  const { fresh, staleIfError } = freshnessOf(headers);
  const freshUntil = Date.now() + fresh * 1000;
  const etag = typeof headers.etag === "string" ? headers.etag : undefined;
  return { body, etag, freshUntil, usableUntil: freshUntil + staleIfError * 1000 };
}

/** The site is out of reach: what it said before serves on for a while. */
function bridge(before: Said | undefined, problem: unknown): Said {
  if (!before?.body || Date.now() >= before.usableUntil) return failed(problem);
  return { ...before, freshUntil: Date.now() + FAILURE_SHARED_MS };
}

function failed(problem: unknown): Said {
  return { body: null, problem, freshUntil: Date.now() + FAILURE_SHARED_MS, usableUntil: 0 };
}
