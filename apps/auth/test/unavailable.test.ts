import { once } from "node:events";
import { type AddressInfo, connect, createServer, type Socket } from "node:net";
import { cloneDatabase } from "@gatehouse/testing/database";
import { expect, test } from "vitest";
import { AuthorizationRequest, startAuthAlone } from "./auth-alone.ts";
import { Browser } from "./browser.ts";

test("a database that cannot be reached: 503 with Retry-After, to clients and to people, and then it goes on", async () => {
  await using database = await cloneDatabase();
  await using relay = await startRelay(new URL(database.access.url));
  await using house = await startAuthAlone({ access: { ...database.access, url: relay.url } });
  const browser = new Browser(house.publicUrl);
  const request = new AuthorizationRequest(house, {
    client_id: "dashboard",
    redirect_uri: `${house.url}/dashboard/callback`,
    scope: "openid",
  });
  const signInForm = await browser.open(request.url);
  relay.cut();

  const token = await house.post("/oauth/token", { grant_type: "refresh_token", client_id: "x", refresh_token: "x" });
  expect([token.status, token.json.error]).toEqual([503, "temporarily_unavailable"]);
  expect(token.headers.get("retry-after")).toBe("2");

  for (const page of [
    await browser.open(request.url),
    await browser.open(signInForm.url),
    await browser.submit(signInForm, { email: "a@b.example", password: "x" }),
  ]) {
    expect([page.status, page.headers.get("retry-after")]).toEqual([503, "2"]);
    expect(page.text).toContain("The database cannot be reached");
  }

  relay.restore();
  expect((await browser.open(signInForm.url)).status).toBe(200);
});

/** Postgres at an address of its own, which can be taken away. */
async function startRelay(target: URL) {
  const sockets = new Set<Socket>();
  let isCut = false;
  const server = createServer((inner) => {
    if (isCut) return inner.destroy();
    const outer = connect(`${target.searchParams.get("host")}/.s.PGSQL.${target.port || 5432}`);
    for (const socket of [inner, outer]) sockets.add(socket.on("error", () => {}));
    inner.pipe(outer).pipe(inner);
  });
  await once(server.listen(0, "127.0.0.1"), "listening");
  const url = new URL(target);
  url.search = "";
  url.host = `127.0.0.1:${(server.address() as AddressInfo).port}`;
  const cut = () => {
    isCut = true;
    for (const socket of sockets) socket.destroy();
  };
  return {
    url: url.href,
    cut,
    restore: () => {
      isCut = false;
    },
    async [Symbol.asyncDispose]() {
      cut();
      await once(server.close(), "close");
    },
  };
}
