/**
 * Starts the OpenTelemetry SDK where `OTEL_EXPORTER_OTLP_ENDPOINT` says where to export to; otherwise everything that
 * is recorded goes nowhere and costs next to nothing. All `OTEL_*` variables are the SDK's own. What is disposed of
 * exports what it still holds. Call it before anything that records is opened.
 */
export async function startTelemetry(): Promise<AsyncDisposable> {
  if (!process.env.OTEL_EXPORTER_OTLP_ENDPOINT) return { async [Symbol.asyncDispose]() {} };
  const { NodeSDK } = await import("@opentelemetry/sdk-node");
  // Automatic instrumentation of HTTP costs 35 µs a call: on the path of a call, spans are made by hand.
  const sdk = new NodeSDK({ serviceName: "gatehouse", instrumentations: [], autoDetectResources: false });
  sdk.start();
  return { [Symbol.asyncDispose]: () => sdk.shutdown().catch(() => {}) };
}
