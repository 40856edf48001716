import type { AccessToken } from "@gatehouse/oauth/access-token";
import { openState } from "@gatehouse/state/state";
import { expect, test } from "vitest";
import { openSessions } from "../src/sessions.ts";

test("a member has so many sessions, of which the oldest ends when there is another", async () => {
  await using state = await openState({});
  const sessions = openSessions({ state, replicaId: "one", ttlSeconds: 3600 });
  const opened = { upstreamId: null, protocolVersion: "2025-11-25", initialize: {} };
  const tokenOf = (subject: string) => ({ subject, clientId: "client", endpointId: "endpoint" }) as AccessToken;
  const [alice, bob] = [tokenOf("alice"), tokenOf("bob")];
  const bobs = await sessions.create(bob, opened);
  const ids: string[] = [];
  while (ids.length < 1001) ids.push((await sessions.create(alice, opened)).id);
  expect(await sessions.find(ids[0]!, alice)).toBeNull();
  for (const id of ids.slice(1)) expect(await sessions.find(id, alice)).not.toBeNull();
  expect(await sessions.find(bobs.id, bob)).not.toBeNull();
});
