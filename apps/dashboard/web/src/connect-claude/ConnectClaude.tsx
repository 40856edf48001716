import { NativeSelect, Stack, Text } from "@mantine/core";
import { useState } from "react";
import { Copyable } from "../ui/copy.tsx";
import { Panel } from "../ui/Panel.tsx";
import classes from "./connect-claude.module.css";

interface Address {
  slug: string;
  name: string;
  address: string;
}

/** How a member gets a connector into Claude; with several connectors, they choose which. */
export function ConnectClaude({ connectors }: { connectors: Address[] }) {
  const [chosen, setChosen] = useState<string>();
  const connector = connectors.find(({ slug }) => slug === chosen) ?? connectors[0]!;
  return (
    <Panel title="Connect Claude" lead="Everyone connects with this address, and signs in as themselves.">
      <Stack gap="lg">
        {connectors.length > 1 && (
          <NativeSelect
            label="Connector"
            maw={320}
            value={connector.slug}
            onChange={(event) => setChosen(event.currentTarget.value)}
            data={connectors.map(({ slug, name }) => ({ value: slug, label: name }))}
          />
        )}
        <div className={classes.ways}>
          <Stack gap={6} miw={0}>
            <Text size="sm" fw={600}>
              Claude Code
            </Text>
            <Text size="sm" c="dimmed">
              Run this, then <code>/mcp</code> in Claude to sign in.
            </Text>
            <Copyable
              text={`claude mcp add --transport http ${connector.slug} ${connector.address}`}
              label="the command"
            />
          </Stack>
          <Stack gap={6} miw={0}>
            <Text size="sm" fw={600}>
              Claude on the web and desktop
            </Text>
            <Text size="sm" c="dimmed">
              Settings → Connectors → Add custom connector, and paste:
            </Text>
            <Copyable text={connector.address} label="the address" />
          </Stack>
        </div>
      </Stack>
    </Panel>
  );
}
