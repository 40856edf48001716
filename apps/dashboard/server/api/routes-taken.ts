import type { IncomingMessage } from "node:http";
import type { HttpBindings } from "@hono/node-server";
import type { MiddlewareHandler } from "hono";
import { matchedRoutes } from "hono/route";

/** Remembers which route a request took: its pattern, which holds nothing of what was asked for. */
export function openRoutesTaken(): {
  note: MiddlewareHandler;
  of(request: IncomingMessage): string;
} {
  const taken = new WeakMap<IncomingMessage, string>();
  return {
    async note(c, next) {
      const route = matchedRoutes(c).findLast(({ method }) => method !== "ALL");
      // What the API asks of itself comes with no request of HTTP's.
      const { incoming } = (c.env ?? {}) as Partial<HttpBindings>;
      if (route && incoming) taken.set(incoming, route.path);
      await next();
    },
    of: (request) => taken.get(request) ?? "/*",
  };
}
