import { createHmac, timingSafeEqual } from "node:crypto";

/** Whom a link is made for, and which account it is about. */
export interface ConnectLink {
  connectorId: string;
  userId: string;
}

/** Where it is offered, and goes on: the connector's page in the dashboard. */
export type LinkedFrom = "connector";

/** What `key` is derived for. */
export const CONNECT_LINKS = "connect links";

const mark = (key: string, { connectorId, userId }: ConnectLink) =>
  createHmac("sha256", key).update(`${connectorId}\n${userId}`).digest("base64url").slice(0, 22);

/**
 * The address at which one member links their account. It carries no authority: it opens for nobody who is not signed in as
 * that member, and names them in no way that another could read.
 */
export function connectLink(
  { publicUrl, key }: { publicUrl: URL; key: string },
  { org, connector, from, ...whose }: ConnectLink & { org: string; connector: string; from?: LinkedFrom },
): string {
  const url = new URL(`/connect/link/${org}/${connector}`, publicUrl);
  url.searchParams.set("for", mark(key, whose));
  if (from) url.searchParams.set("from", from);
  return url.href;
}

export function isMadeFor(key: string, whose: ConnectLink, given: string | undefined): boolean {
  const expected = Buffer.from(mark(key, whose));
  const actual = Buffer.from(given ?? "");
  return actual.length === expected.length && timingSafeEqual(actual, expected);
}
