import { X509Certificate } from "node:crypto";
import type { ClientTls } from "@gatehouse/egress/egress";
import { certificateExpiry } from "@gatehouse/telemetry/events";
import type { Observation } from "@gatehouse/telemetry/metrics";

const CONNECTORS_MAX = 10_000;

/** In seconds since the epoch, by connector: of those that a connection was opened with. */
const ends = new Map<string, Observation>();
certificateExpiry.observe(() => ends.values());

/** Remembers when the certificate ends, for whoever has to see to the next one. */
export function noticeEnd({ certificate }: ClientTls, { org, connector }: { org: string; connector: string }): void {
  const name = `${org}/${connector}`;
  if (ends.size >= CONNECTORS_MAX && !ends.has(name)) return;
  const { validToDate } = new X509Certificate(certificate);
  ends.set(name, [validToDate.getTime() / 1000, org, connector]);
}
