import { observeRuntime } from "./runtime.ts";
import { sampleBy } from "./spans.ts";

export interface TelemetryOptions {
  /** Exchanges that take longer are kept, sampled or not. */
  slowMs: number;
}

/**
 * Starts the OpenTelemetry SDK where `OTEL_EXPORTER_OTLP_ENDPOINT` says where to export to; otherwise spans and log records
 * are not made. All `OTEL_*` variables are the SDK's own. What is disposed of exports what it still holds.
 */
export async function startTelemetry({ slowMs }: TelemetryOptions): Promise<AsyncDisposable> {
  await using stack = new AsyncDisposableStack();
  stack.use(observeRuntime());
  if (process.env.OTEL_EXPORTER_OTLP_ENDPOINT && process.env.OTEL_SDK_DISABLED !== "true") {
    const { startSdk } = await import("./sdk.ts");
    const { sdk, ...sampler } = startSdk();
    stack.defer(() => sdk.shutdown().catch(() => {}));
    stack.defer(() => sampleBy(null));
    sampleBy({ ...sampler, slowMs });
  }
  return stack.move();
}
