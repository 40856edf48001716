import { Fault } from "@gatehouse/faults";
import * as oauth from "oauth4webapi";

/** How an authorization server of somebody else's is reached. */
export interface Upstream {
  /** Guards the address, bounds the answer in size and time, and follows no redirect. Throws faults. */
  fetch: (url: string, init?: RequestInit) => Promise<Response>;
  /** For an upstream that is itself on plain http, where the operator allows that. */
  allowHttp: boolean;
}

export const requestOptions = <Body>({ fetch, allowHttp }: Upstream) => ({
  [oauth.customFetch]: (url: string, init: oauth.CustomFetchOptions<string, Body>) => fetch(url, init as RequestInit),
  [oauth.allowInsecureRequests]: allowHttp,
});

/** Nothing that a shell or a page could take for more than an address. */
const PLAIN = /^[\w.~:/?#[\]@!*+,=%&-]+$/;

/** An address that an upstream named, where a browser or we ourselves can be sent; `what` is for people. */
export function checkedAddress(address: unknown, what: string, { allowHttp }: Pick<Upstream, "allowHttp">): URL {
  const url = typeof address === "string" && PLAIN.test(address) ? URL.parse(address) : null;
  const isWeb = url?.protocol === "https:" || (allowHttp && url?.protocol === "http:");
  if (url && isWeb && !url.username && !url.password && !url.hash) return url;
  throw new Fault("upstream_failed", `${what} is no web address that can be used: ${shown(address)}`);
}

function shown(address: unknown): string {
  return JSON.stringify(address ?? null).slice(0, 100);
}

/** What the authorization server did wrong, in words for the person who is waiting for it. */
export function explain(error: unknown, host: string): Fault {
  if (error instanceof Fault) return error;
  return new Fault("upstream_failed", `${host} ${mistakeOf(error)}`, { cause: error });
}

function mistakeOf(error: unknown): string {
  if (error instanceof oauth.ResponseBodyError || error instanceof oauth.AuthorizationResponseError) {
    return `refused: ${said(error.error_description ?? error.error)}`;
  }
  if (error instanceof oauth.WWWAuthenticateChallengeError) return `refused Gatehouse itself (HTTP ${error.status})`;
  const { code, cause } = error as { code?: string; cause?: unknown };
  if (code === oauth.RESPONSE_IS_NOT_CONFORM && cause instanceof Response) return describeStatus(cause.status);
  if (code === oauth.RESPONSE_IS_NOT_JSON || code === oauth.PARSE_ERROR || error instanceof SyntaxError)
    return "sent an answer that is not JSON";
  if (code === oauth.JSON_ATTRIBUTE_COMPARISON) return "says that it is another authorization server";
  return "sent an answer that is not what OAuth says";
}

function describeStatus(status: number): string {
  return status >= 300 && status < 400
    ? `sends on to another address (HTTP ${status}), which is not followed`
    : `answered HTTP ${status}`;
}

/** What a stranger's server says is shown short, and without what could change how the rest is read. */
function said(text: string): string {
  return text.replace(/[^\p{L}\p{N}\p{P}\p{Zs}]/gu, "").slice(0, 200);
}
