import { Fault } from "@gatehouse/faults";
import { SCOPES } from "./endpoint.ts";

const WELL_KNOWN = "/.well-known/oauth-protected-resource";

/** The path of the endpoint that a metadata address is about; `null` where it is no metadata address. */
export function resourcePathOf(path: string): string | null {
  return path.startsWith(`${WELL_KNOWN}/`) ? path.slice(WELL_KNOWN.length) : null;
}

/** RFC 9728 §2. `resource` is the endpoint's address as the client has it, which it compares with what it was given. */
export function protectedResourceMetadata(publicUrl: URL, path: string): Record<string, unknown> {
  return {
    resource: publicUrl.origin + path,
    authorization_servers: [publicUrl.origin],
    scopes_supported: SCOPES,
    bearer_methods_supported: ["header"],
    resource_name: "Gatehouse",
  };
}

/** 401 that leads to the metadata (RFC 6750 §3, RFC 9728 §5.1). `problem` is left out where no token came. */
export function missingToken(publicUrl: URL, path: string, problem?: string): Fault {
  const parameters = [
    ...(problem ? ['error="invalid_token"', `error_description="${problem}"`] : []),
    `scope="${SCOPES.join(" ")}"`,
    `resource_metadata="${publicUrl.origin}${WELL_KNOWN}${path}"`,
  ];
  return new Fault("invalid_token", problem ?? "Sign in to use this: send an access token as a bearer token", {
    headers: { "www-authenticate": `Bearer ${parameters.join(", ")}` },
  });
}

/** 403 that names every scope which the call needs (RFC 6750 §3.1). */
export function insufficientScope(publicUrl: URL, path: string, scopes: readonly string[], detail: string): Fault {
  const challenge = `Bearer error="insufficient_scope", scope="${scopes.join(" ")}", resource_metadata="${publicUrl.origin}${WELL_KNOWN}${path}"`;
  return new Fault("insufficient_scope", detail, {
    headers: { "www-authenticate": challenge },
    data: { scopes },
  });
}
