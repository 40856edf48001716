import type { Egress, FetchOptions } from "./egress.ts";

/** `fetch` of the web platform, as libraries call it: guarded, bounded, and never redirected. */
export type Fetch = (url: string, init?: RequestInit) => Promise<Response>;

export function asFetch(egress: Egress, limits: Pick<FetchOptions, "bytesMax" | "timeoutMs" | "exception">): Fetch {
  return async function fetchOverEgress(url, init = {}) {
    const { status, headers, body } = await egress.fetch(new URL(url), {
      ...limits,
      method: (init.method ?? "GET") as "GET" | "POST" | "DELETE",
      headers: Object.fromEntries(new Headers(init.headers)),
      ...(init.body ? { body: String(init.body) } : {}),
    });
    const pairs = Object.entries(headers).flatMap(([name, value]) => [value ?? []].flat().map((one) => [name, one]));
    const bodyless = status === 204 || status === 205 || status === 304;
    return new Response(bodyless ? null : new Uint8Array(body), { status, headers: pairs as [string, string][] });
  };
}
