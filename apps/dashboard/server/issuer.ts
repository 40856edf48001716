import { request as requestHttp } from "node:http";
import { request as requestHttps } from "node:https";
import { Fault } from "@gatehouse/faults";
import * as oidc from "openid-client";

const CLIENT_ID = "dashboard";
const TIMEOUT_SECONDS = 10;

export interface Issuer {
  /** Looked up when it is first needed, and again after a failure. */
  configuration(): Promise<oidc.Configuration>;
}

/** Our own authorization server, to which the dashboard is a client like any other. */
export function ourIssuer({ publicUrl, issuerConnectUrl }: { publicUrl: URL; issuerConnectUrl: URL }): Issuer {
  let found: Promise<oidc.Configuration> | undefined;
  return {
    configuration() {
      found ??= discover(publicUrl, issuerConnectUrl).catch((cause) => {
        found = undefined;
        throw new Fault("unavailable", "The authorization server does not answer. Please try again in a moment.", {
          cause,
        });
      });
      return found;
    },
  };
}

function discover(publicUrl: URL, issuerConnectUrl: URL): Promise<oidc.Configuration> {
  const insecure = publicUrl.protocol === "http:" ? [oidc.allowInsecureRequests] : [];
  return oidc.discovery(publicUrl, CLIENT_ID, { token_endpoint_auth_method: "none" }, oidc.None(), {
    [oidc.customFetch]: fetchFrom(issuerConnectUrl),
    execute: [oidc.enableNonRepudiationChecks, ...insecure],
    timeout: TIMEOUT_SECONDS,
  });
}

/**
 * `fetch` by another way: it connects to `connectUrl`, and names the URL's own host, which Node's fetch does not allow.
 * Redirects are not followed.
 */
function fetchFrom(connectUrl: URL): oidc.CustomFetch {
  const request = connectUrl.protocol === "https:" ? requestHttps : requestHttp;
  return async function fetchFromIssuer(address, { method, headers, body, signal }) {
    const url = new URL(address);
    const { promise, resolve, reject } = Promise.withResolvers<Response>();
    const outgoing = request(new URL(url.pathname + url.search, connectUrl), {
      method,
      headers: { ...headers, host: url.host },
      ...(signal ? { signal } : {}),
    });
    outgoing.on("error", reject);
    outgoing.on("response", async (incoming) => {
      try {
        const chunks: Buffer[] = await incoming.toArray();
        const type = incoming.headers["content-type"] ?? "";
        resolve(
          new Response(Buffer.concat(chunks), {
            status: incoming.statusCode ?? 502,
            headers: { "content-type": type },
          }),
        );
      } catch (error) {
        reject(error);
      }
    });
    outgoing.end(body instanceof URLSearchParams ? body.toString() : body);
    return promise;
  };
}
