import { Fault } from "@gatehouse/faults";
import type { MiddlewareHandler } from "hono";

/** Takes only bodies that say how long they are, as browsers' do; node:http holds them to it. */
export function limitBody(bytesMax: number): MiddlewareHandler {
  return async function limitBody(c, next) {
    const length = Number(c.req.header("content-length") ?? 0);
    if (c.req.header("transfer-encoding") !== undefined || !(length <= bytesMax)) {
      throw new Fault("too_large", `A request's body has a content-length, of at most ${bytesMax} bytes`);
    }
    await next();
  };
}
