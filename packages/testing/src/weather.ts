import { randomFillSync } from "node:crypto";
import { once } from "node:events";
import { type AddressInfo, connect, createServer, type Socket } from "node:net";
import { Transform } from "node:stream";
import { setTimeout as after } from "node:timers/promises";

/**
 * What lies between two programs. `cut`: connections break and none is made; `late`: everything comes a tenth of a second late
 * each way; `delay`: a second; `slow`: some bytes a second; `garbage`: what comes back is noise.
 */
export type Weather = "clear" | "cut" | "late" | "delay" | "slow" | "garbage";

export interface Way extends AsyncDisposable {
  port: number;
  weather: Weather;
}

const LATE_MS = 100;
const DELAY_MS = 1000;
const SLOW_BYTES = 8;
const SLOW_EVERY_MS = 500;

/** A way to a server, by TCP or a socket's path, with a weather of its own. */
export async function openWay(target: { port: number } | { path: string }): Promise<Way> {
  const sockets = new Set<Socket>();
  let weather: Weather = "clear";
  const server = createServer((near) => {
    if (weather === "cut") return near.destroy();
    const far = connect({ host: "127.0.0.1", ...target });
    for (const socket of [near, far]) {
      sockets.add(socket.on("error", () => {}));
      socket.once("close", () => sockets.delete(socket));
    }
    near.pipe(through(() => weather, false)).pipe(far);
    far.pipe(through(() => weather, true)).pipe(near);
    near.once("close", () => far.destroy());
    far.once("close", () => near.destroy());
  });
  await once(server.listen(0, "127.0.0.1"), "listening");
  const breakAll = () => {
    for (const socket of sockets) socket.destroy();
  };
  return {
    port: (server.address() as AddressInfo).port,
    get weather() {
      return weather;
    },
    set weather(given) {
      weather = given;
      if (given === "cut") breakAll();
    },
    async [Symbol.asyncDispose]() {
      breakAll();
      await once(server.close(), "close");
    },
  };
}

function through(weather: () => Weather, isBack: boolean): Transform {
  return new Transform({
    async transform(chunk: Buffer, _encoding, done) {
      if (weather() === "late") await after(LATE_MS);
      if (weather() === "delay") await after(DELAY_MS);
      if (weather() === "slow") return trickle(this, chunk, weather).then(() => done());
      done(null, weather() === "garbage" && isBack ? randomFillSync(Buffer.alloc(chunk.length)) : chunk);
    },
  });
}

/** Until it clears up, or nobody waits any more. */
async function trickle(stream: Transform, chunk: Buffer, weather: () => Weather): Promise<void> {
  let at = 0;
  for (; at < chunk.length && weather() === "slow" && !stream.destroyed; at += SLOW_BYTES) {
    stream.push(chunk.subarray(at, at + SLOW_BYTES));
    await after(SLOW_EVERY_MS);
  }
  if (at < chunk.length && !stream.destroyed) stream.push(chunk.subarray(at));
}
