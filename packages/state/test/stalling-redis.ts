import { once } from "node:events";
import { type AddressInfo, connect, createServer, type Socket } from "node:net";
import { inject } from "vitest";

/** The test's Redis, by an address at which requests can be held back. */
export async function startStallingRedis() {
  const behind = new URL(inject("services").redisUrl);
  const clients = new Set<Socket>();
  let isStalled = false;
  const server = createServer((socket) => {
    const redis = connect(Number(behind.port), behind.hostname);
    clients.add(socket);
    socket.pipe(redis).pipe(socket);
    socket.on("error", () => redis.destroy()).on("close", () => redis.destroy());
    redis.on("error", () => socket.destroy()).on("close", () => socket.destroy());
    if (isStalled) socket.pause();
  }).listen(0, "127.0.0.1");
  await once(server, "listening");
  return {
    url: `redis://127.0.0.1:${(server.address() as AddressInfo).port}`,
    stall() {
      isStalled = true;
      for (const client of clients) client.pause();
    },
    goOn() {
      isStalled = false;
      for (const client of clients) client.resume();
    },
    async [Symbol.asyncDispose]() {
      for (const client of clients) client.destroy();
      server.close();
    },
  };
}
