import { legacyVersionOf } from "@gatehouse/mcp/eras";
import { startServer } from "@gatehouse/telemetry/mcp";
import type { Step } from "../exchange.ts";

/** GET and DELETE carry no message: they are legacy, and are traced by their HTTP method. */
export const beginSessionRequest: Step = function beginSessionRequest(exchange) {
  const { org, connector, request } = exchange;
  const { headers, method } = request;
  exchange.era = "legacy";
  exchange.protocolVersion = legacyVersionOf(headers["mcp-protocol-version"]);
  const { protocolVersion } = exchange;
  const operation = { org: org.slug, connector: connector.slug, method: method!, protocolVersion };
  exchange.operation = startServer(operation, headers.traceparent as string | undefined, () => ({ attributes: {} }));
};
