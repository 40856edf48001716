import { Fault } from "@gatehouse/faults";
import { DASHBOARD_CLIENT_ID } from "@gatehouse/oauth/dashboard-token";
import * as oidc from "openid-client";
import { fetchFrom } from "./fetch-from.ts";

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
  const send = fetchFrom(issuerConnectUrl);
  return oidc.discovery(publicUrl, DASHBOARD_CLIENT_ID, { token_endpoint_auth_method: "none" }, oidc.None(), {
    [oidc.customFetch]: (address, { body, ...options }) => send(address, { ...options, body: body?.toString() }),
    execute: [oidc.enableNonRepudiationChecks, ...insecure],
    timeout: TIMEOUT_SECONDS,
  });
}
