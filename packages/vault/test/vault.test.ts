import { expect, test } from "vitest";
import { openVault, parseMasterKey } from "../src/vault.ts";

const vault = openVault(Buffer.alloc(32, 1));
const place = { org: "org-a", row: "connectors/1" };

test("what is sealed opens for the same org and row, and for nothing else", () => {
  const sealed = vault.seal(place, "s3cret");
  expect(vault.open(place, sealed)).toBe("s3cret");
  expect(sealed.includes("s3cret")).toBe(false);
  expect(() => vault.open({ ...place, org: "org-b" }, sealed)).toThrow(/cannot be opened/);
  expect(() => vault.open({ ...place, row: "connectors/2" }, sealed)).toThrow(/cannot be opened/);
  expect(() => openVault(Buffer.alloc(32, 2)).open(place, sealed)).toThrow(/cannot be opened/);
});

test("a changed or shortened value does not open", () => {
  const sealed = vault.seal(place, "s3cret");
  for (let at = 0; at < sealed.length; at++) {
    const changed = Buffer.from(sealed);
    changed[at]! ^= 1;
    expect(() => vault.open(place, changed), `byte ${at}`).toThrow(/cannot be opened/);
    expect(() => vault.open(place, sealed.subarray(0, at)), `length ${at}`).toThrow(/cannot be opened/);
  }
});

test("a master key is 32 bytes, and derived secrets differ by purpose", () => {
  expect(parseMasterKey(Buffer.alloc(32, 3).toString("base64"))).toHaveLength(32);
  expect(parseMasterKey("short")).toBeNull();
  expect(vault.derive("a")).not.toBe(vault.derive("b"));
});
