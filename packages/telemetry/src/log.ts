import { trace } from "@opentelemetry/api";
import pino from "pino";

export type Logger = pino.Logger;

/** Names under which a secret might be logged; the value is replaced, two levels deep. */
const SECRET_NAMES = [
  "authorization",
  "cookie",
  "set-cookie",
  "password",
  "token",
  "access_token",
  "refresh_token",
  "id_token",
  "client_secret",
  "code",
  "code_verifier",
  "secret",
  "credential",
];

/** JSON lines with the trace and span that were active. `destination` is a stream, standard output by default. */
export function createLogger({
  level = "info",
  destination = pino.destination({ sync: true }),
}: {
  level?: string;
  destination?: pino.DestinationStream;
} = {}): Logger {
  return pino(
    {
      level,
      base: null,
      timestamp: pino.stdTimeFunctions.isoTime,
      formatters: { level: (label) => ({ level: label }) },
      redact: {
        paths: SECRET_NAMES.flatMap((name) => [`["${name}"]`, `*["${name}"]`, `*.*["${name}"]`]),
        censor: "[redacted]",
      },
      mixin() {
        const span = trace.getActiveSpan()?.spanContext();
        return span ? { trace_id: span.traceId, span_id: span.spanId } : {};
      },
    },
    destination,
  );
}
