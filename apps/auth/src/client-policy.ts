import { DASHBOARD_CLIENT_ID } from "@gatehouse/oauth/dashboard-token";
import { type ClientMetadata, errors } from "oidc-provider";
import { RESOURCE_SERVER_CLIENT_ID } from "./introspect.ts";
import { SIGNING_ALGORITHM } from "./keys.ts";

const GRANT_TYPES = ["authorization_code", "refresh_token"];
const CLIENT_NAME_CHARACTERS_MAX = 100;
/** Control characters, and those that turn the direction of what follows, so that a name reads as another. */
const DECEPTIVE = /[\p{Cc}\u061c\u200e\u200f\u202a-\u202e\u2066-\u2069]/u;
const LOOPBACK = /^(localhost|127\.0\.0\.1|\[::1\])$/;

/**
 * What a registration or a metadata document may say, whoever sends it. Clients write what they would like from any
 * server: what we do not have is left out and not refused (RFC 7591 §2), what would deceive or endanger a member is.
 */
export function applyClientPolicy(metadata: ClientMetadata): void {
  if (metadata.client_id === DASHBOARD_CLIENT_ID || metadata.client_id === RESOURCE_SERVER_CLIENT_ID) return;
  refuseDeceptiveName(metadata.client_name);
  metadata.application_type = isWeb(metadata.redirect_uris) ? "web" : "native";
  metadata.id_token_signed_response_alg = SIGNING_ALGORITHM;
  metadata.grant_types = keep(metadata.grant_types, GRANT_TYPES);
  metadata.response_types = ["code"];
  // A client that was confidential and becomes public has no use for its secret any more.
  if (metadata.token_endpoint_auth_method === "none") metadata.client_secret = undefined;
  // What a client may do is decided by the member, for one endpoint: a registered scope would only get in the way.
  metadata.scope = undefined;
}

function refuseDeceptiveName(name: unknown): void {
  if (typeof name !== "string") return;
  if (name.length > CLIENT_NAME_CHARACTERS_MAX) {
    throw new errors.InvalidClientMetadata(
      `client_name must not be longer than ${CLIENT_NAME_CHARACTERS_MAX} characters`,
    );
  }
  if (DECEPTIVE.test(name)) {
    throw new errors.InvalidClientMetadata("client_name must not hold control characters or change the text direction");
  }
}

/** Only a client whose redirects all go to an https host is told from an impostor by its redirect URI (RFC 8252 §8.6). */
function isWeb(redirectUris: unknown): boolean {
  if (!Array.isArray(redirectUris)) return false;
  return redirectUris.every((uri) => {
    const url = URL.parse(String(uri));
    return url?.protocol === "https:" && !LOOPBACK.test(url.hostname);
  });
}

function keep(asked: unknown, known: string[]): string[] {
  const kept = Array.isArray(asked) ? known.filter((value) => asked.includes(value)) : known;
  return kept.length > 0 ? kept : known;
}
