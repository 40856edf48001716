import { keysFrom } from "@gatehouse/testing/vault";
import { openVault } from "@gatehouse/vault/vault";
import { expect, test } from "vitest";
import { parseAccess, slotOf } from "../src/access.ts";
import { openCredential, sealCredential } from "../src/sealed-credential.ts";

const row = { org: "org-a", id: "1", version: 1 };
const sentTo = { upstreamOrigin: "https://mcp.example.com", tokenEndpoint: "https://auth.example.com/token" };

test("a credential opens for the origin and token endpoint that it was given for, and for no other", async () => {
  const key = await openVault(keysFrom("ours")).dataKey(row.org);
  const sealed = sealCredential(key, row, sentTo, { secret: "s3cret" });
  expect(openCredential(key, row, sealed, sentTo)).toEqual({ secret: "s3cret" });
  const moved = [
    { ...sentTo, upstreamOrigin: "https://mcp.example.com:8443" },
    { ...sentTo, tokenEndpoint: "https://auth.example.net/token" },
    { ...sentTo, tokenEndpoint: null },
  ];
  for (const elsewhere of moved) {
    expect(() => openCredential(key, row, sealed, elsewhere)).toThrow(expect.objectContaining({ code: "conflict" }));
  }
  expect(() => openCredential(key, { ...row, version: 2 }, sealed, sentTo)).toThrow(/cannot be opened/);
});

test("each way of a connector has a name of its own, whatever case a header is written in", () => {
  const header = (name: string) => ({ kind: "header", name, template: "{secret}" }) as const;
  expect(slotOf(header("X-Api-Key"))).toBe(slotOf(header("x-api-key")));
  expect(() => parseAccess([header("X-Api-Key"), header("x-api-key")])).toThrow(/same place/);
  expect(() => parseAccess([header("Authorization"), { kind: "bearer" }])).toThrow(/same place/);
  expect(parseAccess([header("X-A"), { kind: "bearer" }, { kind: "mtls" }])).toHaveLength(3);
});
