import type { AccessToken } from "@gatehouse/oauth/access-token";
import { openState } from "@gatehouse/state/state";
import { expect, test } from "vitest";
import { openSessions } from "../src/sessions.ts";

test("a member has room for so much of sessions, of which the oldest end when there are more", async () => {
  await using state = await openState({});
  const sessions = openSessions({ state, replicaId: "one", ttlSeconds: 3600 });
  const opened = { upstreamId: null, protocolVersion: "2025-11-25" };
  const tokenOf = (subject: string) => ({ subject, clientId: "client", endpointId: "endpoint" }) as AccessToken;
  const open = (token: AccessToken, initialize = {}) => sessions.create(token, { ...opened, initialize });
  const [alice, bob] = [tokenOf("alice"), tokenOf("bob")];
  const bobs = await open(bob);
  const small: string[] = [];
  while (small.length < 5000) small.push((await open(alice)).id);
  expect(sessions.find(small[0]!, alice)).not.toBeInstanceOf(Promise);
  const clientInfo = { name: "x".repeat(30_000) };
  const large: string[] = [];
  while (large.length < 1100) large.push((await open(alice, { clientInfo })).id);
  expect(await sessions.find(small[0]!, alice)).toBeNull();
  expect(await sessions.find(large[0]!, alice)).not.toBeNull();
  while (large.length < 1300) large.push((await open(alice, { clientInfo })).id);
  expect(await sessions.find(large[0]!, alice)).toBeNull();
  expect(await sessions.find(large.at(-1)!, alice)).not.toBeNull();
  expect(await sessions.find(bobs.id, bob)).not.toBeNull();
});
