import { NativeSelect, Stack } from "@mantine/core";
import { useState } from "react";
import type { Endpoint } from "../../../server/people/how-to-connect.ts";
import { Panel } from "../ui/Panel.tsx";
import { HowToConnect } from "./HowToConnect.tsx";

/** How a member gets a connector into Claude, or into another client; with several connectors, they choose which. */
export function ConnectPanel({ endpoints }: { endpoints: readonly Endpoint[] }) {
  const [chosen, setChosen] = useState<string>();
  const endpoint = endpoints.find(({ slug }) => slug === chosen) ?? endpoints[0]!;
  return (
    <Panel title="Connect Claude" lead="Everyone connects with the same address, and signs in as themselves.">
      <Stack gap="lg">
        {endpoints.length > 1 && (
          <NativeSelect
            label="Connector"
            maw={320}
            value={endpoint.slug}
            onChange={(event) => setChosen(event.currentTarget.value)}
            data={endpoints.map(({ slug, name }) => ({ value: slug, label: name }))}
          />
        )}
        <HowToConnect endpoint={endpoint} />
      </Stack>
    </Panel>
  );
}
