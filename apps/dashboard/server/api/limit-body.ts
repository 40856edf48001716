import { Fault } from "@gatehouse/faults";
import type { HttpBindings } from "@hono/node-server";
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

/** Of all bodies that have begun to come and are not answered yet; after `limitBody`. */
export function limitBodies(bytesMax: number): MiddlewareHandler<{ Bindings: HttpBindings }> {
  let held = 0;
  return async function limitBodies(c, next) {
    const length = Number(c.req.header("content-length") ?? 0);
    if (length === 0) return next();
    if (held + length > bytesMax) {
      const headers = { "retry-after": "60" };
      throw new Fault("rate_limited", "Much is being read here just now. Please try again in a minute.", { headers });
    }
    held += length;
    c.env.outgoing.once("close", () => {
      held -= length;
    });
    await next();
  };
}
