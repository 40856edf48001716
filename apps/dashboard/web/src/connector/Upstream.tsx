import { Alert, Button, Group, NativeSelect, Stack, Text } from "@mantine/core";
import { IconRefresh } from "@tabler/icons-react";
import { useEffect } from "react";
import type { Connector, EraDecision, Probed } from "../api/connectors/connectors.ts";
import { Ago } from "../ui/Ago.tsx";
import { Panel } from "../ui/Panel.tsx";
import { ClientEras } from "./ClientEras.tsx";
import { usePinnedEras, useProbe } from "./use-upstream.ts";

const ERAS = [
  { value: "auto", label: "Found out by itself" },
  { value: "legacy", label: "Legacy (2025-11-25 and before)" },
  { value: "modern", label: "Modern (2026-07-28)" },
];

const TRANSPORTS = { "streamable-http": "Streamable HTTP", "http+sse": "HTTP+SSE", openapi: "HTTP" };

export function Upstream({ org, connector, mayChange }: { org: string; connector: Connector; mayChange: boolean }) {
  const { era, protocolVersion, transport, probedAt, seen } = connector;
  const probe = useProbe(org, connector.slug);
  const { mutate: look } = probe;
  const canBeSeen = mayChange && !seen && connector.ownLink?.status === "live";
  useEffect(() => {
    if (canBeSeen) look();
  }, [canBeSeen, look]);
  return (
    <Panel title="Upstream">
      <Stack gap="lg">
        <div>
          <Group justify="space-between" gap="sm">
            <Text size="sm">
              {seen ? (
                <>
                  {era === "modern" ? "Modern" : "Legacy"} MCP, {protocolVersion}, over {TRANSPORTS[transport]}
                  <Text span size="sm" c="dimmed">
                    {" "}
                    · checked <Ago at={probedAt} />
                  </Text>
                </>
              ) : (
                "Nobody who may change this connector has seen the server yet"
              )}
            </Text>
            {mayChange && (
              <Button
                variant="default"
                size="sm"
                leftSection={<IconRefresh size={16} aria-hidden />}
                loading={probe.isPending}
                onClick={() => probe.mutate()}
              >
                Check again
              </Button>
            )}
          </Group>
          {probe.error && (
            <Alert role="alert" color="red" mt="md" title="The server could not be checked">
              {probe.error.message}
            </Alert>
          )}
          <div role="status">{probe.data && <Found {...probe.data} />}</div>
        </div>
        {mayChange && <UpstreamEra org={org} connector={connector} onUnpinned={() => probe.mutate()} />}
        {mayChange && <ClientEras org={org} connector={connector} />}
      </Stack>
    </Panel>
  );
}

/** What checking has changed in the list of tools. */
function Found({ added, removed, changed, unclassified, leftOut, isFirst }: Probed) {
  const changes = [
    added.length > 0 && `${count(added)} ${isFirst ? "found" : NOT_YET}: ${named(added)}`,
    removed.length > 0 && `${count(removed)} removed: ${named(removed)}`,
    changed.length > 0 && `${count(changed)} changed: ${named(changed)}`,
    unclassified.length > 0 && `${count(unclassified)} no longer classified as read: ${named(unclassified)}`,
    leftOut.length > 0 && `${count(leftOut)} left out, for no client could be offered them: ${named(leftOut)}`,
  ].filter((change) => change !== false);
  return (
    <Alert
      mt="md"
      color={changes.length > 0 ? "blue" : "teal"}
      title={changes.length > 0 ? "Checked" : "Checked: no tool has changed"}
    >
      {changes.map((change) => (
        <Text key={change} size="sm" style={{ overflowWrap: "anywhere" }}>
          {change}
        </Text>
      ))}
    </Alert>
  );
}

const NOT_YET = "added, not offered until you turn them on";
const count = ({ length }: string[]) => (length === 1 ? "1 tool" : `${length} tools`);
const NAMED_MAX = 12;

function named(names: string[]): string {
  const more = names.length > NAMED_MAX ? [`${names.length - NAMED_MAX} more`] : [];
  return new Intl.ListFormat("en").format([...names.slice(0, NAMED_MAX), ...more]);
}

interface UpstreamEraProps {
  org: string;
  connector: Connector;
  onUnpinned: () => void;
}

function UpstreamEra({ org, connector, onUnpinned }: UpstreamEraProps) {
  const pin = usePinnedEras(org, connector, onUnpinned);
  const { upstreamEra } = { ...connector, ...(pin.isPending ? pin.variables : {}) };
  return (
    <>
      {pin.error && (
        <Alert role="alert" color="red" withCloseButton onClose={pin.reset} title="Not changed">
          {pin.error.message}
        </Alert>
      )}
      <NativeSelect
        size="sm"
        maw={320}
        label="The upstream's era"
        value={upstreamEra}
        data={ERAS}
        onChange={({ currentTarget: { value } }) =>
          pin.mutate({ upstreamEra: value as NonNullable<EraDecision["upstreamEra"]> })
        }
      />
    </>
  );
}
