import { Alert, Switch } from "@mantine/core";
import type { Connector } from "../api/connectors/connectors.ts";
import { usePinnedEras } from "./use-upstream.ts";

export function ClientEras({ org, connector }: { org: string; connector: Connector }) {
  const pin = usePinnedEras(org, connector);
  const { clientEras } = { ...connector, ...(pin.isPending ? pin.variables : {}) };
  return (
    <>
      {pin.error && (
        <Alert role="alert" color="red" withCloseButton onClose={pin.reset} title="Not changed">
          {pin.error.message}
        </Alert>
      )}
      <Switch
        size="sm"
        label="Clients may speak the modern era (2026-07-28)"
        description="Turn it off for a client that mixes the eras up: all of this connector's clients then open with initialize."
        checked={clientEras === "both"}
        onChange={(event) => pin.mutate({ clientEras: event.currentTarget.checked ? "both" : "legacy" })}
      />
    </>
  );
}
