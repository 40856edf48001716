import { startHouse } from "@gatehouse/testing/house";
import { expect, test } from "vitest";

test("a house is ready when it is open", async () => {
  await using house = await startHouse();
  const response = await fetch(`${house.url}/readyz`);
  expect(await response.text()).toBe("ready\n");
});

test("an endpoint that nobody has asks a stranger for a token", async () => {
  await using house = await startHouse({ redis: true });
  const org = await house.addOrg({ slug: "acme" });
  await house.addMember(org, { email: "alice@acme.example" });
  const response = await fetch(`${house.url}/acme/tools/mcp`, { method: "POST" });
  expect(response.status).toBe(401);
});
