import { LEGACY_VERSIONS } from "@gatehouse/mcp/eras";
import type { Dependencies } from "../dependencies.ts";
import type { Step } from "../exchange.ts";

/** GET and DELETE carry no message: they are legacy, and are traced by their HTTP method. */
export function beginSessionRequest({ telemetry }: Pick<Dependencies, "telemetry">): Step {
  return function beginSessionRequest(exchange) {
    const { headers, method } = exchange.request;
    exchange.era = "legacy";
    exchange.protocolVersion = String(headers["mcp-protocol-version"] ?? LEGACY_VERSIONS[0]);
    const operation = { method: `${method}`, protocolVersion: exchange.protocolVersion };
    exchange.operation = telemetry.startServer(operation, headers.traceparent as string | undefined, () => ({
      "gatehouse.org": exchange.org.slug,
      "gatehouse.connector": exchange.connector.slug,
    }));
  };
}
