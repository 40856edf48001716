import type { Egress, FetchedAnswer } from "@gatehouse/egress/egress";
import { Fault } from "@gatehouse/faults";
import type { Logger } from "@gatehouse/telemetry/log";

export const METADATA_DOCUMENT_BYTES_MAX = 10 * 1024;
const METADATA_DOCUMENT_TIMEOUT_MS = 3000;

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
      redirect_uris: ["https://claude.ai/api/mcp/auth_callback"],
    },
    {
      ...CLAUDE,
      client_id: "https://claude.ai/oauth/claude-code-client-metadata",
      client_name: "Claude Code",
      redirect_uris: ["http://localhost/callback", "http://127.0.0.1/callback"],
    },
  ].map((document) => [document.client_id, document]),
);

/** A client identifier has a path: a bare origin names a site, and no document (Client ID Metadata Document §3). */
export function isDocumentUrl(clientId: string): boolean {
  const url = URL.parse(clientId);
  return url?.protocol === "https:" && url.pathname !== "/";
}

/** `fetch` for oidc-provider, which asks for Client ID Metadata Documents alone: guarded, bounded, never redirected. */
export function fetchMetadataDocument({ egress, log }: { egress: Egress; log: Logger }) {
  const fetchOnce = shareForAWhile(async (url: URL): Promise<FetchedAnswer> => {
    const answer = await egress.fetch(url, {
      headers: { accept: "application/json" },
      bytesMax: METADATA_DOCUMENT_BYTES_MAX,
      timeoutMs: METADATA_DOCUMENT_TIMEOUT_MS,
    });
    if (answer.status !== 200) throw new Fault("upstream_failed", `${url.host} answered ${answer.status}`);
    return answer;
  });

  return async function fetchMetadataDocument(input: string | URL | Request): Promise<Response> {
    const url = new URL(input instanceof Request ? input.url : input);
    try {
      const { body, headers } = await fetchOnce(url);
      return new Response(new Uint8Array(body), { headers: cachingOf(headers) });
    } catch (error) {
      log.info({ err: error, clientId: url.href }, "client metadata document not fetched");
      const pinned = PINNED.get(url.href);
      if (pinned) return Response.json(pinned);
      throw error;
    }
  };
}

const SHARED_MS = 10_000;
const SHARED_MAX = 1000;

/**
 * What came of a fetch, good or bad, serves for ten seconds: oidc-provider looks for a client again while it tells of its
 * failure, and nobody shall make us ask a site again and again.
 */
function shareForAWhile<T>(fetch: (url: URL) => Promise<T>): (url: URL) => Promise<T> {
  const shared = new Map<string, Promise<T>>();
  return (url) => {
    const known = shared.get(url.href);
    if (known) return known;
    if (shared.size >= SHARED_MAX) shared.delete(shared.keys().next().value!);
    const answer = fetch(url);
    shared.set(url.href, answer);
    setTimeout(() => shared.delete(url.href), SHARED_MS).unref();
    return answer;
  };
}

function cachingOf(headers: FetchedAnswer["headers"]): Record<string, string> {
  const kept = ["cache-control", "expires"].filter((name) => typeof headers[name] === "string");
  return Object.fromEntries(kept.map((name) => [name, headers[name] as string]));
}
