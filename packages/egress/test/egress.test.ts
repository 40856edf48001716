import { createServer } from "node:http";
import { connect, createServer as createTcpServer } from "node:net";
import { afterAll, beforeAll, expect, test } from "vitest";
import { entryProblem } from "../src/allowance.ts";
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

test("inner networks are reached where the operator allows their CIDR block, at that port alone", async () => {
  using upstream = await answering((_request, response) => response.end("hello"));
  const { port } = upstream.url;
  await using one = openEgress({ allow: [`127.0.0.0/8:${port}`], ownOrigins: [] });
  expect((await one.fetch(upstream.url, LIMITS)).status).toBe(200);
  expect((await one.fetch(new URL(`http://localhost:${port}/`), LIMITS)).status).toBe(200);
  const before = connections;
  for (const host of ["127.0.0.1", "localhost"]) {
    const elsewhere = one.fetch(new URL(`http://${host}:${canaryPort}/`), LIMITS);
    await expect(elsewhere).rejects.toMatchObject({ code: "egress_refused" });
  }
  await using other = openEgress({ allow: ["10.0.0.0/8", "[fd00::/8]:443"], ownOrigins: [] });
  await expect(other.fetch(upstream.url, LIMITS)).rejects.toMatchObject({ code: "egress_refused" });
  expect(connections).toBe(before);
});

test.each([
  "10.0.0.0/8",
  "10.0.0.0/8:443",
  "[fd00::/8]:443",
  "fd00::/8",
  "db.internal",
  "db.internal:5432",
  "[::1]:80",
])("%s can be allowed", (entry) => expect(entryProblem(entry)).toBeNull());

test.each(["10.0.0.0/40", "http://x", "a b", "[::1", "10.0.0.0/8:99999", "user@host", ""])(
  "%s cannot be allowed",
  (entry) => expect(entryProblem(entry)).not.toBeNull(),
);

test("a redirect is followed where that is asked for, and no credential goes to another origin", async () => {
  const seen: Record<string, unknown>[] = [];
  using other = await answering(({ headers }, response) => {
    seen.push({ ...headers });
    response.end("there");
  });
  using upstream = await answering((request, response) => {
    if (request.url === "/here") return response.end(`here ${request.headers.authorization}`);
    response.writeHead(302, { location: request.url === "/same" ? "/here" : other.url.href }).end();
  });
  await using egress = openEgress({ allow: [upstream.host, other.host], ownOrigins: [] });
  const headers = { authorization: "Bearer canary", cookie: "a=canary", "x-api-key": "canary", accept: "text/html" };
  const same = await egress.fetch(new URL("/same", upstream.url), { ...LIMITS, headers, redirectsMax: 1 });
  expect(same.body.toString()).toBe("here Bearer canary");
  const away = await egress.fetch(new URL("/away", upstream.url), { ...LIMITS, headers, redirectsMax: 1 });
  expect(away.body.toString()).toBe("there");
  expect(JSON.stringify(seen)).not.toContain("canary");
  expect(seen[0]).toMatchObject({ accept: "text/html" });
  const posted = { ...LIMITS, headers, redirectsMax: 5, method: "POST", body: "x" } as const;
  expect((await egress.fetch(new URL("/away", upstream.url), posted)).status).toBe(302);
});

test("every redirect is checked again, and they do not go on for ever", async () => {
  const before = connections;
  using inward = await answering((_request, response) => {
    response.writeHead(302, { location: `http://127.0.0.1:${canaryPort}/` }).end();
  });
  let asked = 0;
  using loop = await answering((_request, response) => {
    asked++;
    response.writeHead(302, { location: "/" }).end();
  });
  await using egress = openEgress({ allow: [inward.host, loop.host], ownOrigins: [] });
  const following = { ...LIMITS, redirectsMax: 3 };
  await expect(egress.fetch(inward.url, following)).rejects.toMatchObject({ code: "egress_refused" });
  expect((await egress.fetch(loop.url, following)).status).toBe(302);
  expect(asked).toBe(4);
  expect(connections).toBe(before);
});

test("no connection is shared across a credential's boundary", async () => {
  const users = new Map<number, Set<string>>();
  using upstream = await answering(({ socket, headers }, response) => {
    const port = socket.remotePort!;
    users.set(port, (users.get(port) ?? new Set()).add(String(headers["x-boundary"])));
    response.end();
  });
  await using egress = openEgress({ allow: [upstream.host], ownOrigins: [] });
  for (const boundary of Array.from({ length: 20 }, (_, at) => (at % 2 ? "a" : "b"))) {
    await egress.fetch(upstream.url, { ...LIMITS, boundary, headers: { "x-boundary": boundary } });
  }
  for (const boundaries of users.values()) expect(boundaries.size).toBe(1);
});

test("behind an outbound proxy, names are looked up and filtered here, and the proxy is told of addresses alone", async () => {
  using upstream = await answering((_request, response) => response.end("hello"));
  const asked: string[] = [];
  const proxy = createServer().on("connect", (request, socket) => {
    asked.push(`${request.url} ${request.headers["proxy-authorization"]}`);
    const [, port] = request.url!.split(":");
    const onward = connect(Number(port), "127.0.0.1", () => {
      socket.write("HTTP/1.1 200 OK\r\n\r\n");
      onward.pipe(socket).pipe(onward);
    });
  });
  await new Promise<void>((listening) => proxy.listen(0, "127.0.0.1", listening));
  const { port } = proxy.address() as { port: number };
  await using egress = openEgress({
    allow: [`localhost:${upstream.url.port}`],
    ownOrigins: [],
    proxy: new URL(`http://user:secret@127.0.0.1:${port}`),
  });
  const answer = await egress.fetch(new URL(`http://localhost:${upstream.url.port}/`), LIMITS);
  expect(answer.body.toString()).toBe("hello");
  const basic = `Basic ${Buffer.from("user:secret").toString("base64")}`;
  expect(asked).toEqual([
    expect.stringMatching(new RegExp(`^(127\\.0\\.0\\.1|\\[::1\\]):${upstream.url.port} ${basic}$`)),
  ]);
  for (const url of [`http://127.0.0.1:${canaryPort}/`, `http://localhost:${canaryPort}/`, "http://169.254.169.254/"]) {
    await expect(egress.fetch(new URL(url), LIMITS)).rejects.toMatchObject({ code: "egress_refused" });
  }
  expect(asked).toHaveLength(1);
  proxy.close();
  proxy.closeAllConnections();
});

test("where as many streams are open as there may be, one more is refused, and does not wait for another's end", async () => {
  await using server = await answering((_request, response) => void response.writeHead(200).write("\n"));
  const { origin, host } = new URL(server.url);
  await using egress = openEgress({ allow: [host], ownOrigins: [], streamsMax: 2 });
  const open = () => egress.pool({ origin }, "streams").request({ path: "/", method: "GET" });
  const [first] = await Promise.all([open(), open()]);
  expect(open).toThrow(expect.objectContaining({ code: "upstream_failed" }));
  first.body.on("error", () => {}).destroy();
  await expect.poll(open).toMatchObject({ statusCode: 200 });
});
