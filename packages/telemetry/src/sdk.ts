import { getNumberFromEnv, getStringFromEnv, getStringListFromEnv } from "@opentelemetry/core";
import { OTLPMetricExporter as GrpcExporter } from "@opentelemetry/exporter-metrics-otlp-grpc";
import { OTLPMetricExporter as JsonExporter } from "@opentelemetry/exporter-metrics-otlp-http";
import { OTLPMetricExporter as ProtobufExporter } from "@opentelemetry/exporter-metrics-otlp-proto";
import { envDetector, serviceInstanceIdDetector } from "@opentelemetry/resources";
import { type IMetricReader, PeriodicExportingMetricReader } from "@opentelemetry/sdk-metrics";
import { NodeSDK } from "@opentelemetry/sdk-node";
import { AlwaysOnSampler } from "@opentelemetry/sdk-trace";
import { producer } from "./producer.ts";
import { idsOfPlaces, type Sampling } from "./spans.ts";

/**
 * Nothing is instrumented automatically: that costs 35 µs a call. The SDK samples everything that it is given, for it is
 * given what is kept; and gives it the ids that were made known long before.
 */
export function startSdk(): Omit<Sampling, "slowMs"> & { sdk: NodeSDK } {
  const sdk = new NodeSDK({
    serviceName: getStringFromEnv("OTEL_SERVICE_NAME") ?? "gatehouse",
    instrumentations: [],
    resourceDetectors: [envDetector, serviceInstanceIdDetector],
    sampler: new AlwaysOnSampler(),
    idGenerator: idsOfPlaces,
    metricReaders: metricReaders(),
  });
  sdk.start();
  return { sdk, ...readSampler() };
}

/** `OTEL_TRACES_SAMPLER` and `OTEL_TRACES_SAMPLER_ARG`, as the specification has them. */
function readSampler(): Omit<Sampling, "slowMs"> {
  const name = getStringFromEnv("OTEL_TRACES_SAMPLER") ?? "parentbased_always_on";
  const followsParent = name.startsWith("parentbased_");
  const root = name.replace("parentbased_", "");
  if (root === "always_off") return { followsParent, ratio: 0 };
  const given = root === "traceidratio" ? (getNumberFromEnv("OTEL_TRACES_SAMPLER_ARG") ?? 1) : 1;
  return { followsParent, ratio: Math.min(1, Math.max(0, given)) };
}

const EXPORTERS = { grpc: GrpcExporter, "http/json": JsonExporter, "http/protobuf": ProtobufExporter };

/** The SDK's own readers cannot be given a producer. */
function metricReaders(): IMetricReader[] {
  if (getStringListFromEnv("OTEL_METRICS_EXPORTER")?.includes("none")) return [];
  const protocol =
    getStringFromEnv("OTEL_EXPORTER_OTLP_METRICS_PROTOCOL") ?? getStringFromEnv("OTEL_EXPORTER_OTLP_PROTOCOL");
  const Exporter = EXPORTERS[protocol as keyof typeof EXPORTERS] ?? ProtobufExporter;
  return [
    new PeriodicExportingMetricReader({
      exporter: new Exporter(),
      exportIntervalMillis: getNumberFromEnv("OTEL_METRIC_EXPORT_INTERVAL") ?? 60_000,
      metricProducers: [producer],
    }),
  ];
}
