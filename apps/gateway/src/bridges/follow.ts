import type { Message } from "@gatehouse/mcp/message";
import { writeSse } from "@gatehouse/mcp/sse";
import { unchanged } from "../backs/upstream-request.ts";
import type { Dependencies } from "../dependencies.ts";
import type { Exchange } from "../exchange.ts";
import { letGoIfSlow, tellOfChanges } from "./listen.ts";
import { openUnasked } from "./unasked.ts";

/** What a session's upstream says unasked, onto a stream that is open already, for as long as it is. */
export function followUpstream(exchange: Exchange, deps: Dependencies): void {
  const { response, connector } = exchange;
  if (connector.era === "modern") {
    void tellOfChanges(exchange, deps);
    return;
  }
  const tell = (message: Message) => {
    if (response.destroyed) return;
    response.write(writeSse({ event: "message", data: JSON.stringify(message) }));
    letGoIfSlow(exchange);
  };
  const unasked = openUnasked({ ...unchanged(exchange), message: null, bytes: null }, deps, () => {});
  unasked.hear(exchange, { notification: tell, ask: tell }).then((release) => {
    if (response.destroyed) release();
    else response.once("close", release);
  });
}
