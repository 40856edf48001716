import { once } from "node:events";
import { type AddressInfo, connect, createServer } from "node:net";
import { setTimeout as after } from "node:timers/promises";
import { expect, inject, test } from "vitest";
import { openState } from "../src/state.ts";

test("a Redis that takes four seconds to answer is waited for", async () => {
  const { redisUrl } = inject("services");
  const started = after(4000);
  const slow = createServer(async (socket) => {
    socket.on("error", () => {});
    await started;
    const behind = connect(Number(new URL(redisUrl).port), "127.0.0.1");
    behind.on("error", () => socket.destroy());
    socket.pipe(behind).pipe(socket);
  }).listen(0, "127.0.0.1");
  await once(slow, "listening");
  const { port } = slow.address() as AddressInfo;
  await using state = await openState({ redisUrl: `redis://127.0.0.1:${port}` });
  await state.set("slow", "but there", 60);
  expect(await state.get("slow")).toBe("but there");
  slow.close();
});
