import { deleteOrg } from "@gatehouse/gatehouse/delete-org";
import { refuseDeleted } from "@gatehouse/gatehouse/operate";
import { openDatabase } from "@gatehouse/store/database";
import { createLogger } from "@gatehouse/telemetry/log";
import { callWhoAmI } from "@gatehouse/testing/accounts/call-whoami";
import { linkAccount, linkFor } from "@gatehouse/testing/accounts/link-account";
import { startSdkServer } from "@gatehouse/testing/accounts/sdk-server";
import { startWhoAmI, WHO_AM_I } from "@gatehouse/testing/accounts/whoami";
import { startHouse } from "@gatehouse/testing/house";
import { tokenFor } from "@gatehouse/testing/token-for";
import { expect, test } from "vitest";

test("an org that is deleted has its members' links revoked upstream first, opens nothing any more, and is not resumed", async () => {
  await using accounts = await startSdkServer();
  await using upstream = await startWhoAmI(accounts);
  await using house = await startHouse({ egressAllow: ["127.0.0.1", "localhost"] });
  const [acme, other] = await Promise.all(["acme", "other"].map((slug) => house.addOrg({ slug })));
  const connector = {
    slug: "notes",
    url: upstream.url,
    tools: [WHO_AM_I],
    access: [{ kind: "member-oauth" as const }],
  };
  async function addLinked(org: typeof acme, name: string) {
    const person = await house.addMember(org!, { email: `${name}@example.com` });
    const endpoint = await house.addConnector(org!, connector);
    await linkAccount(linkFor(house, person, endpoint), { person, as: name });
    const { accessToken } = await tokenFor(person, endpoint.url);
    return () => callWhoAmI(endpoint.url, accessToken);
  }
  const calls = [await addLinked(acme, "alice"), await addLinked(other, "bob")];
  await Promise.all(calls.map((call) => call()));

  await using db = openDatabase(house.access, "gatehouse_auth", 2);
  const { vault } = house;
  const log = createLogger({ level: "silent" });
  expect(await deleteOrg({ db, vault, egress: house.house.egress, log }, acme!)).toBe(0);
  expect(accounts.revoked).toHaveLength(1);
  await expect(vault.dataKey(acme!.id)).rejects.toThrow("destroyed");
  await expect(refuseDeleted(vault, acme!)).rejects.toThrow("has been deleted, for good");
  await expect(refuseDeleted(vault, other!)).resolves.toBeUndefined();
  await expect.poll(() => calls[0]!().catch(() => "refused")).toBe("refused");
  expect((await calls[1]!()).text).toBe("bob");
});
