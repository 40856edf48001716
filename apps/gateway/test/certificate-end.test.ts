import { listMetrics } from "@gatehouse/telemetry/metrics";
import { makeCertificate } from "@gatehouse/testing/certificate";
import { expect, test } from "vitest";
import { noticeEnd } from "../src/credentials/certificate-end.ts";

test("when the certificate ends that a connector shows is known to Prometheus, which alerts a fortnight before", () => {
  const { cert: certificate, key } = makeCertificate();
  noticeEnd({ certificate, key }, { org: "acme", connector: "ledger" });
  const metric = Iterator.from(listMetrics()).find(({ name }) => name === "gatehouse.certificate.expiry.timestamp");
  expect([...metric!.points()]).toEqual([
    {
      value: Date.UTC(2049, 11, 31, 23, 59, 59) / 1000,
      labels: { "gatehouse.org": "acme", "gatehouse.connector": "ledger" },
    },
  ]);
});
