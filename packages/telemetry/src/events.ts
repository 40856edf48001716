import { counter, gauge, histogram } from "./metrics.ts";

// What happens here and has no name in the semantic conventions.

const BY_CONNECTOR = ["gatehouse.org", "gatehouse.connector"];

export const exchanges = counter({
  name: "gatehouse.exchanges",
  unit: "{exchange}",
  help: "Exchanges that have ended",
  labels: [...BY_CONNECTOR, "era", "outcome"],
});

export const refusals = counter({
  name: "gatehouse.refusals",
  unit: "{refusal}",
  help: "Requests to MCP endpoints that went no further; without an org where the caller is not known",
  labels: ["gatehouse.org", "reason"],
});

export const limitsHit = counter({
  name: "gatehouse.limits.hit",
  unit: "{call}",
  help: "Calls over a limit",
  labels: ["gatehouse.org", "limit"],
});

export const limitLots = counter({
  name: "gatehouse.limits.lots",
  unit: "{lot}",
  help: "Parts of limits that were asked for to be handed out here: from Redis, or, where it did not answer in time, on insurance",
  labels: ["source"],
});

export const signIns = counter({
  name: "gatehouse.sign_ins",
  unit: "{attempt}",
  help: "Sign-ins that were tried",
  labels: ["outcome"],
});

export const tokenRefreshes = counter({
  name: "gatehouse.token.refreshes",
  unit: "{refresh}",
  help: "Clients that asked for new tokens",
  labels: ["outcome"],
});

export const upstreamTokenRefreshes = counter({
  name: "gatehouse.upstream.token.refreshes",
  unit: "{refresh}",
  help: "Tokens for upstreams that were to be renewed",
  labels: [...BY_CONNECTOR, "outcome"],
});

export const links = counter({
  name: "gatehouse.links",
  unit: "{link}",
  help: "Accounts that were to be linked",
  labels: ["outcome"],
});

export const cacheLookups = counter({
  name: "gatehouse.cache.lookups",
  unit: "{lookup}",
  help: "Look-ups in memory",
  labels: ["cache", "outcome"],
});

export const upstreamTimeouts = counter({
  name: "gatehouse.upstream.timeouts",
  unit: "{request}",
  help: "Requests to upstreams that were late",
  labels: [...BY_CONNECTOR, "phase"],
});

export const upstreamRefusals = counter({
  name: "gatehouse.upstream.refusals",
  unit: "{request}",
  help: "Requests that an open breaker or a full bulkhead kept from an upstream",
  labels: [...BY_CONNECTOR, "reason"],
});

export const upstreamRetries = counter({
  name: "gatehouse.upstream.retries",
  unit: "{request}",
  help: "Requests that were sent to an upstream once more",
  labels: BY_CONNECTOR,
});

export const auditLag = gauge({
  name: "gatehouse.audit.lag",
  unit: "s",
  help: "How long the oldest row has waited to be durable",
  labels: [],
});

export const auditGroupSize = histogram({
  name: "gatehouse.audit.group.size",
  unit: "{row}",
  help: "Rows that one commit made durable",
  labels: [],
  boundaries: [1, 2, 5, 10, 20, 50, 100, 200, 500],
});

export const auditCommitDuration = histogram({
  name: "gatehouse.audit.commit.duration",
  unit: "s",
  help: "How long a group took to be durable",
  labels: [],
  boundaries: [0.0005, 0.001, 0.002, 0.005, 0.01, 0.02, 0.05, 0.1, 0.2, 0.5, 1, 2, 5],
});

export const auditFailures = counter({
  name: "gatehouse.audit.failures",
  unit: "{row}",
  help: "Rows that could not be made durable",
  labels: [],
});

export const connectorUp = gauge({
  name: "gatehouse.connector.up",
  unit: "{connector}",
  help: "Whether a connector's upstream has answered of late",
  labels: BY_CONNECTOR,
});

export const breakerOpen = gauge({
  name: "gatehouse.breaker.open",
  unit: "{breaker}",
  help: "Whether requests are kept from an upstream that fails: 1, or 0.5 while one of them is tried",
  labels: BY_CONNECTOR,
});

export const upstreamActive = gauge({
  name: "gatehouse.upstream.active",
  unit: "{request}",
  help: "Requests at an upstream that have not ended",
  labels: BY_CONNECTOR,
});

export const activeExchanges = gauge({
  name: "gatehouse.exchanges.active",
  unit: "{exchange}",
  help: "Exchanges that have not ended, open streams among them",
  labels: [],
});

export const openStreams = gauge({
  name: "gatehouse.open_streams",
  unit: "{stream}",
  help: "Answers that stay open",
  labels: [],
});

export const dependencyUp = gauge({
  name: "gatehouse.dependency.up",
  unit: "{dependency}",
  help: "Whether what this process depends on answers",
  labels: ["dependency"],
});

export const poolConnections = gauge({
  name: "gatehouse.pool.connections",
  unit: "{connection}",
  help: "Connections, as each pool has them",
  labels: ["pool", "state"],
});

export const poolWaiting = gauge({
  name: "gatehouse.pool.waiting",
  unit: "{request}",
  help: "Those who wait for a connection",
  labels: ["pool"],
});

export const signingKeyCreated = gauge({
  name: "gatehouse.signing_key.created.timestamp",
  unit: "s",
  help: "Since when the key that signs has been there",
  labels: [],
});

export const certificateExpiry = gauge({
  name: "gatehouse.certificate.expiry.timestamp",
  unit: "s",
  help: "When the certificate ends that we show to an upstream",
  labels: BY_CONNECTOR,
});

/** As the semantic conventions for databases have it. */
export const dbOperationDuration = histogram({
  name: "db.client.operation.duration",
  unit: "s",
  help: "Queries and commands; those of the path of a call are gatehouse.audit.commit.duration",
  labels: ["db.system.name", "pool", "error.type"],
  boundaries: [0.001, 0.005, 0.01, 0.05, 0.1, 0.5, 1, 5, 10],
});
