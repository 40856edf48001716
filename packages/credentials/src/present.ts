import { isOnBehalf, type TypedInWay, type Way } from "./access.ts";
import type { SecretOf } from "./sealed-credential.ts";

/** What is added to a request so that its upstream opens. */
export interface Presented {
  /** Names and values in turn. */
  headers: string[];
  /** To be added to the URL's query, without `?` or `&` before it; empty where there is none. */
  query: string;
}

/** A client's credentials, and the token that they have brought. */
export type WithToken = SecretOf<"client-credentials"> & { accessToken?: string };

export type TlsMaterial = SecretOf<"mtls">;

/** Adds one way's secret. What is shown at the TLS handshake is not part of a request. */
export function present(way: Way, secret: unknown, to: Presented): void {
  if (way.kind === "mtls") return;
  if (way.kind === "client-credentials" || way.kind === "member-oauth" || isOnBehalf(way)) {
    return presentToken((secret as { accessToken: string }).accessToken, to);
  }
  presentTypedIn(way.kind === "member-secret" ? way.as : way, secret, to);
}

function presentToken(accessToken: string, { headers }: Presented): void {
  headers.push("authorization", `Bearer ${accessToken}`);
}

export function presentTypedIn(way: TypedInWay, given: unknown, to: Presented): void {
  if (way.kind === "basic") return presentBasic(given as SecretOf<"basic">, to);
  const { secret } = given as SecretOf<"header">;
  if (way.kind === "bearer") presentToken(secret, to);
  else if (way.kind === "header")
    to.headers.push(
      way.name.toLowerCase(),
      way.template.replace("{secret}", () => secret),
    );
  else if (way.kind === "cookie") presentCookie(`${way.name}=${secret}`, to);
  else to.query += `${to.query && "&"}${encodeURIComponent(way.name)}=${encodeURIComponent(secret)}`;
}

/** RFC 7617: the user name and password in UTF-8. */
function presentBasic({ user, password }: SecretOf<"basic">, { headers }: Presented): void {
  headers.push("authorization", `Basic ${Buffer.from(`${user}:${password}`).toString("base64")}`);
}

/** RFC 6265 §5.4: all cookies in one header. */
function presentCookie(pair: string, { headers }: Presented): void {
  const at = headers.indexOf("cookie");
  if (at < 0) headers.push("cookie", pair);
  else headers[at + 1] += `; ${pair}`;
}

/** A path with its query, and what is to be added to it. */
export function withQuery(path: string, query: string): string {
  if (!query) return path;
  return `${path}${path.includes("?") ? "&" : "?"}${query}`;
}
