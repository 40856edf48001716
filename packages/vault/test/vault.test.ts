import { keysFrom, keysInMemory } from "@gatehouse/testing/vault";
import { expect, test } from "vitest";
import { localMasterKey, parseMasterKey } from "../src/master-key.ts";
import { rewrapDataKeys } from "../src/rotate.ts";
import { openVault, type WrappedKey } from "../src/vault.ts";

const vault = openVault(keysFrom("ours"));
const place = { org: "org-a", row: "credentials/1", version: 3 };

test("what is sealed opens for the same org, row and version, and for nothing else", async () => {
  const sealed = await vault.seal(place, "s3cret");
  expect(await vault.open(place, sealed)).toBe("s3cret");
  expect(sealed.includes("s3cret")).toBe(false);
  for (const other of [{ org: "org-b" }, { row: "credentials/2" }, { version: 4 }, { version: 0 }]) {
    await expect(vault.open({ ...place, ...other }, sealed), JSON.stringify(other)).rejects.toThrow(/cannot be opened/);
  }
  await expect(openVault(keysFrom("theirs")).open(place, sealed)).rejects.toThrow(/cannot be opened/);
});

test("a changed or shortened value does not open", async () => {
  const sealed = await vault.seal(place, "s3cret");
  for (let at = 0; at < sealed.length; at++) {
    const changed = Buffer.from(sealed);
    changed[at]! ^= 1;
    await expect(vault.open(place, changed), `byte ${at}`).rejects.toThrow(/cannot be opened/);
    await expect(vault.open(place, sealed.subarray(0, at)), `length ${at}`).rejects.toThrow(/cannot be opened/);
  }
});

test("every org has a data key of its own, which many who ask at once share, and which is at hand from then on", async () => {
  const kept = new Map<string, WrappedKey>();
  const fresh = openVault({ ...keysFrom("ours"), dataKeys: keysInMemory(kept) });
  const sealed = await Promise.all(Array.from({ length: 20 }, () => fresh.seal(place, "s3cret")));
  await fresh.seal({ ...place, org: "org-b" }, "s3cret");
  expect([...kept.keys()]).toEqual(["org-a", "org-b"]);
  for (const one of sealed) expect(await fresh.open(place, one)).toBe("s3cret");
  expect(fresh.dataKey("org-a")).not.toBeInstanceOf(Promise);
});

test("one org's wrapped key is of no use in another's place", async () => {
  const kept = new Map<string, WrappedKey>();
  const options = { ...keysFrom("ours"), dataKeys: keysInMemory(kept) };
  const sealed = await openVault(options).seal(place, "s3cret");
  kept.set("org-b", { ...kept.get("org-a")!, holder: "org-b" });
  await expect(openVault(options).open({ ...place, org: "org-b" }, sealed)).rejects.toThrow();
});

test("with its data key destroyed, nothing of an org opens, and no other key takes its place", async () => {
  const options = { ...keysFrom("ours"), dataKeys: keysInMemory() };
  const ours = openVault(options);
  const sealed = await ours.seal(place, "s3cret");
  await ours.destroyDataKey("org-a");
  for (const one of [ours, openVault(options)]) {
    await expect(one.open(place, sealed)).rejects.toMatchObject({ code: "not_found" });
    await expect(one.seal(place, "s3cret")).rejects.toMatchObject({ code: "not_found" });
  }
});

test("re-wrapping leaves everything open under the new master key, and nothing under the old", async () => {
  const kept = new Map<string, WrappedKey>();
  const [before, after] = [localMasterKey(Buffer.alloc(32, "before")), localMasterKey(Buffer.alloc(32, "after"))];
  const options = { ...keysFrom("ours"), dataKeys: keysInMemory(kept) };
  const sealed = await openVault({ ...options, masterKeys: [before] }).seal(place, "s3cret");
  const rewrapping = {
    listNotUnder: async (id: string, later: string) =>
      [...kept.values()].filter(({ masterKeyId, holder }) => masterKeyId !== id && holder > later),
    update: async (read: WrappedKey, anew: Omit<WrappedKey, "holder">) => !!kept.set(read.holder, { ...read, ...anew }),
  };
  expect(await rewrapDataKeys([after, before], rewrapping)).toBe(1);
  expect(await rewrapDataKeys([after, before], rewrapping)).toBe(0);
  expect(await openVault({ ...options, masterKeys: [after] }).open(place, sealed)).toBe("s3cret");
  await expect(openVault({ ...options, masterKeys: [before] }).open(place, sealed)).rejects.toThrow(
    /under the master key/,
  );
});

test("what is given away opens for its place and purpose alone, and nothing else throws", () => {
  const sealed = vault.sealer("handles").seal("alice", "hello");
  expect(vault.sealer("handles").open("alice", sealed)).toBe("hello");
  expect(vault.sealer("handles").open("bob", sealed)).toBeNull();
  expect(vault.sealer("cookies").open("alice", sealed)).toBeNull();
  for (const wrong of ["", "x", sealed.slice(0, -3), `${sealed}AAAA`]) {
    expect(vault.sealer("handles").open("alice", wrong)).toBeNull();
  }
});

test("a master key is 32 bytes, and derived secrets differ by purpose", () => {
  expect(parseMasterKey(Buffer.alloc(32, 3).toString("base64"))).toHaveLength(32);
  expect(parseMasterKey("short")).toBeNull();
  expect(vault.derive("a")).not.toBe(vault.derive("b"));
});
