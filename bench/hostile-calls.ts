import { Agent, request } from "node:http";
import { finished } from "node:stream/promises";
import { reportTo } from "./child.ts";
import { giveWay } from "./give-way.ts";
import { begin } from "./work.ts";

// Calls of an upstream that does ill, so many at once, for as long as this is there. It has what others leave of its core.

const [, , url, token, way, callers] = process.argv as [string, string, string, string, string, string];
const META = {
  "io.modelcontextprotocol/protocolVersion": "2026-07-28",
  "io.modelcontextprotocol/clientCapabilities": {},
};
const HEADERS = {
  ...{ authorization: `Bearer ${token}`, "content-type": "application/json" },
  ...{ accept: "application/json, text/event-stream", "mcp-protocol-version": "2026-07-28" },
  ...{ "mcp-method": "tools/call", "mcp-name": "look" },
};
const BODY = JSON.stringify({
  ...{ jsonrpc: "2.0", id: 1, method: "tools/call" },
  params: { name: "look", arguments: { way }, _meta: META },
});
const agent = new Agent({ keepAlive: true });

giveWay();
begin([{ what: way, callers: Number(callers), pauseMs: 100, once: call }]);
reportTo(process, {});
process.on("disconnect", () => process.exit(0));

/** The answer is read as fast as it comes, and thrown away. */
function call(): Promise<void> {
  const answered = Promise.withResolvers<void>();
  const sent = request(url, { method: "POST", headers: HEADERS, agent }, (response) => {
    finished(response.resume()).then(answered.resolve, answered.reject);
  });
  sent.on("error", answered.reject).end(BODY);
  return answered.promise;
}
