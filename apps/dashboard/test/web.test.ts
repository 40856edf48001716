import { startHouse, type TestHouse } from "@gatehouse/testing/house";
import { afterAll, beforeAll, expect, test } from "vitest";

let house: TestHouse;
beforeAll(async () => {
  house = await startHouse();
});
afterAll(() => house[Symbol.asyncDispose]());

const get = (path: string) => fetch(house.url + path, { redirect: "manual" });

test("every path of the app is the same page, with a nonce of its own in page and policy", async () => {
  const nonces = new Set<string>();
  for (const path of ["/dashboard", "/dashboard/acme/connectors", "/dashboard/a/b/c.d"]) {
    const answer = await get(path);
    expect(answer.status).toBe(200);
    const policy = answer.headers.get("content-security-policy")!;
    const nonce = /'nonce-([^']+)'/.exec(policy)![1]!;
    expect(await answer.text()).toContain(`nonce="${nonce}"`);
    expect(policy).not.toContain("unsafe");
    expect(policy).toContain("frame-ancestors 'none'");
    expect(answer.headers.get("cache-control")).toBe("no-store");
    expect(answer.headers.get("x-content-type-options")).toBe("nosniff");
    expect(answer.headers.get("referrer-policy")).toBe("no-referrer");
    nonces.add(nonce);
  }
  expect(nonces.size).toBe(3);
});

test("assets may be kept for ever; one that is missing is not the page", async () => {
  const page = await (await get("/dashboard")).text();
  const asset = await get(/src="(\/dashboard\/assets\/[^"]+\.js)"/.exec(page)![1]!);
  expect(asset.status).toBe(200);
  expect(asset.headers.get("cache-control")).toBe("public, max-age=31536000, immutable");
  expect(asset.headers.get("content-type")).toMatch(/^text\/javascript/);
  expect(asset.headers.get("x-content-type-options")).toBe("nosniff");
  expect([asset.headers.get("content-encoding"), asset.headers.get("vary")]).toEqual(["gzip", "Accept-Encoding"]);
  const plain = await fetch(asset.url, { headers: { "accept-encoding": "identity" } });
  expect(await asset.text()).toBe(await plain.text());
  expect((await get("/dashboard/assets/index-other.js")).status).toBe(404);
});

test("nothing outside of the built app is served", async () => {
  for (const path of ["/dashboard/assets/..%2f..%2fetc/passwd", "/dashboard/assets/..%5c..%5cindex.html"]) {
    expect((await get(path)).status, path).toBe(404);
  }
});
