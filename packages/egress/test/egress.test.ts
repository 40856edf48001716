import { createServer } from "node:http";
import { createServer as createTcpServer } from "node:net";
import { afterAll, beforeAll, expect, test } from "vitest";
import { openEgress } from "../src/egress.ts";

let connections = 0;
const canary = createTcpServer((socket) => {
  connections++;
  socket.destroy();
});
let canaryPort = 0;

beforeAll(async () => {
  await new Promise<void>((listening) => canary.listen(0, "0.0.0.0", listening));
  canaryPort = (canary.address() as { port: number }).port;
});
afterAll(() => canary.close());

const LIMITS = { bytesMax: 1000, timeoutMs: 3000 };

test("no form of an inner address is connected to", async () => {
  await using egress = openEgress({ allow: [], ownOrigins: [] });
  for (const host of [
    "127.0.0.1",
    "localhost",
    "2130706433",
    "0x7f.1",
    "0177.0.0.1",
    "[::1]",
    "[::]",
    "0.0.0.0",
    "[::ffff:127.0.0.1]",
    "[64:ff9b::7f00:1]",
    "[2002:7f00:1::]",
    "169.254.169.254",
    "100.64.0.1",
    "10.0.0.1",
    "192.168.1.1",
    "172.16.0.1",
    "[fd00::1]",
    "[fe80::1]",
    "255.255.255.255",
  ]) {
    const url = new URL(`http://${host}:${canaryPort}/`);
    await expect(egress.fetch(url, LIMITS), host).rejects.toMatchObject({ code: "egress_refused" });
  }
  expect(connections).toBe(0);
});

test("other schemes, and URLs that hold a password, are refused", async () => {
  await using egress = openEgress({ allow: [], ownOrigins: [] });
  for (const url of ["file:///etc/passwd", "ftp://example.com/", "http://user:pass@example.com/"]) {
    expect(() => egress.check(new URL(url)), url).toThrow(expect.objectContaining({ code: "egress_refused" }));
  }
});

async function answering(respond: Parameters<typeof createServer>[1]) {
  const server = createServer(respond);
  await new Promise<void>((listening) => server.listen(0, "127.0.0.1", listening));
  const { port } = server.address() as { port: number };
  return {
    host: `127.0.0.1:${port}`,
    url: new URL(`http://127.0.0.1:${port}/`),
    [Symbol.dispose]: () => server.closeAllConnections(),
  };
}

test("what the operator allows by name is reached, and an exception reaches its own address alone", async () => {
  using upstream = await answering((_request, response) => response.end("hello"));
  await using allowed = openEgress({ allow: [upstream.host], ownOrigins: [] });
  expect((await allowed.fetch(upstream.url, LIMITS)).body.toString()).toBe("hello");
  await using closed = openEgress({ allow: [], ownOrigins: [] });
  expect((await closed.fetch(upstream.url, { ...LIMITS, exception: upstream.host })).status).toBe(200);
  const elsewhere = new URL(`http://127.0.0.1:${canaryPort}/`);
  await expect(closed.fetch(elsewhere, { ...LIMITS, exception: upstream.host })).rejects.toMatchObject({
    code: "egress_refused",
  });
});

test("Gatehouse itself is never reached, though the operator allows the host", async () => {
  using own = await answering((_request, response) => response.end());
  await using egress = openEgress({ allow: ["127.0.0.1", "localhost"], ownOrigins: [own.url] });
  for (const host of ["127.0.0.1", "localhost", "[::ffff:127.0.0.1]", "0.0.0.0"]) {
    const url = new URL(`http://${host}:${own.url.port}/`);
    await expect(egress.fetch(url, LIMITS), host).rejects.toMatchObject({ code: "egress_refused" });
  }
});

test("redirects are answered, not followed", async () => {
  using upstream = await answering((_request, response) => {
    response.writeHead(302, { location: `http://127.0.0.1:${canaryPort}/` }).end();
  });
  await using egress = openEgress({ allow: [upstream.host], ownOrigins: [] });
  expect((await egress.fetch(upstream.url, LIMITS)).status).toBe(302);
  expect(connections).toBe(0);
});

test("an answer is bounded in size and time, and a failure says what it is", async () => {
  using endless = await answering((_request, response) => response.end("x".repeat(2000)));
  using silent = await answering(() => {});
  await using egress = openEgress({ allow: [endless.host, silent.host, "127.0.0.1:1"], ownOrigins: [] });
  await expect(egress.fetch(endless.url, LIMITS)).rejects.toThrow(/more than 1000 bytes/);
  await expect(egress.fetch(silent.url, { ...LIMITS, timeoutMs: 100 })).rejects.toMatchObject({
    code: "upstream_timeout",
  });
  await expect(egress.fetch(new URL("http://127.0.0.1:1/"), LIMITS)).rejects.toThrow(/refuses connections/);
  await expect(egress.fetch(new URL("http://nowhere.invalid/"), LIMITS)).rejects.toThrow(/no server by the name/);
});
