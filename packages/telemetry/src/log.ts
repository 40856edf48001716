import { logs, ROOT_CONTEXT, SeverityNumber, trace } from "@opentelemetry/api";
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

const WITHIN_MS = 10_000;
const SAME_MAX = 10;

/**
 * Of failures of one kind, ten within ten seconds are told, and then how many more there were: where a database is away, each
 * request fails, and nobody needs a stack of each.
 */
function boundFailures(): LogMethod {
  const counts = new Map<string, number>();
  return function logMethod(args, method, level) {
    const [{ err } = {}, text] = args as unknown as [{ err?: Error & { code?: string } }?, string?];
    if (level < pino.levels.values.warn! || !err) return method.apply(this, args);
    const kind = `${text}: ${err.code ?? err.message}`;
    const count = (counts.get(kind) ?? 0) + 1;
    counts.set(kind, count);
    if (count <= SAME_MAX) method.apply(this, args);
    if (count === 1) setTimeout(() => sumUp(kind, (more) => method.call(this, more, text)), WITHIN_MS).unref();
  };

  function sumUp(kind: string, tell: (more: object) => void): void {
    const more = counts.get(kind)! - SAME_MAX;
    counts.delete(kind);
    if (more > 0) tell({ kind, more, seconds: WITHIN_MS / 1000 });
  }
}

type LogMethod = NonNullable<NonNullable<pino.LoggerOptions["hooks"]>["logMethod"]>;

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
      hooks: { logMethod: boundFailures(), streamWrite: exportLine },
    },
    destination,
  );
}

const SEVERITIES: Record<string, SeverityNumber> = {
  trace: SeverityNumber.TRACE,
  debug: SeverityNumber.DEBUG,
  info: SeverityNumber.INFO,
  warn: SeverityNumber.WARN,
  error: SeverityNumber.ERROR,
  fatal: SeverityNumber.FATAL,
};

/** The line goes to OpenTelemetry as well, as it is: with what is secret replaced. Nowhere, where nothing is exported. */
function exportLine(line: string): string {
  const logger = logs.getLogger("gatehouse");
  if (!logger.enabled()) return line;
  const { level, time, msg, trace_id: traceId, span_id: spanId, ...attributes } = JSON.parse(line);
  const context =
    traceId && spanId ? trace.setSpanContext(ROOT_CONTEXT, { traceId, spanId, traceFlags: 1 }) : undefined;
  logger.emit({
    ...{ severityText: level, severityNumber: SEVERITIES[level]!, timestamp: Date.parse(time), body: msg, attributes },
    ...(context ? { context } : {}),
  });
  return line;
}
