import { Alert, Button, Group, Modal, Stack, Text, TextInput } from "@mantine/core";
import { useMutation, useQueryClient } from "@tanstack/react-query";
import { useState } from "react";
import { type Connector, changeUpstream } from "../../api/connectors/connectors.ts";
import { ApiProblem } from "../../api/problem.ts";
import { Ago } from "../../ui/Ago.tsx";
import { NotSaved } from "../../ui/NotSaved.tsx";
import { Panel } from "../../ui/Panel.tsx";
import { Ways } from "./Ways.tsx";
import { fromStored, hasSecret, labelOf, toWay, typedSecrets } from "./ways.ts";

/** Where a connector leads and how it is opened there, for those who may change it. */
export function Opening({ org, connector }: { org: string; connector: Connector }) {
  const [editing, setEditing] = useState(false);
  return (
    <Panel title="Address and credentials">
      {editing ? (
        <OpeningForm org={org} connector={connector} onDone={() => setEditing(false)} />
      ) : (
        <Group justify="space-between" align="start" gap="sm">
          <Summary connector={connector} />
          <Button variant="default" size="sm" onClick={() => setEditing(true)}>
            Change
          </Button>
        </Group>
      )}
    </Panel>
  );
}

function Summary({ connector: { url, access } }: { connector: Connector }) {
  return (
    <Stack gap={4}>
      <Text size="sm" style={{ overflowWrap: "anywhere" }}>
        {url}
      </Text>
      {access?.length === 0 && (
        <Text size="sm" c="dimmed">
          The server asks for no credential
        </Text>
      )}
      {access?.map(({ slot, kind, credential }) => (
        <Text key={slot} size="sm" c={credential || !hasSecret(kind) ? "dimmed" : "red"}>
          {labelOf(kind)}
          {credential && (
            <>
              , set <Ago at={credential.setAt} />
              {credential.setBy && ` by ${credential.setBy}`}
            </>
          )}
          {!credential && hasSecret(kind) && ": missing. Calls fail until you enter it"}
        </Text>
      ))}
    </Stack>
  );
}

function OpeningForm({ org, connector, onDone }: { org: string; connector: Connector; onDone: () => void }) {
  const [url, setUrl] = useState(connector.url ?? "");
  const [ways, setWays] = useState(() => (connector.access ?? []).map(fromStored));
  const [etag] = useState(connector.etag);
  const queryClient = useQueryClient();
  const change = useMutation({
    mutationFn: ({ unlinks, etag }: { unlinks: number; etag: string | null }) =>
      changeUpstream(org, connector.slug, { url, unlinks, secrets: typedSecrets(ways), access: ways.map(toWay) }, etag),
    onSuccess: () => queryClient.invalidateQueries({ queryKey: ["connectors", org] }).then(onDone),
  });
  const problem = change.error instanceof ApiProblem ? change.error : null;
  const isElsewhere = originOf(url) !== originOf(connector.url ?? "");
  const unlinks = typeof problem?.data.unlinks === "number" ? problem.data.unlinks : null;
  return (
    <form
      noValidate
      onSubmit={(event) => {
        event.preventDefault();
        change.mutate({ unlinks: 0, etag });
      }}
    >
      <Stack gap="lg">
        {change.error && unlinks === null && !problem?.hasFields && (
          <NotSaved
            error={change.error}
            pending={change.isPending}
            onTheirs={() => queryClient.invalidateQueries({ queryKey: ["connectors", org] }).then(onDone)}
            onMine={() => change.mutate({ unlinks: change.variables?.unlinks ?? 0, etag: null })}
          />
        )}
        <TextInput
          type="url"
          label={connector.transport === "openapi" ? "Where the API is" : "URL of the MCP server"}
          value={url}
          error={problem?.fields.url}
          autoComplete="off"
          spellCheck={false}
          onChange={(event) => setUrl(event.currentTarget.value)}
        />
        {isElsewhere && (
          <Alert color="blue" title="Another server">
            Credentials are sent to nobody but the server that they were given for: enter them anew.
            {connector.linked ? ` ${peopleOf(connector.linked)} will have to link their account again.` : ""}
          </Alert>
        )}
        <Ways
          ways={isElsewhere ? ways.map((way) => ({ ...way, stored: null })) : ways}
          problems={problem?.fields ?? {}}
          onChange={setWays}
        />
        <Group>
          <Button type="submit" loading={change.isPending}>
            Try and save
          </Button>
          <Button variant="default" onClick={onDone}>
            Cancel
          </Button>
          <Text size="sm" c="dimmed" role="status">
            {change.isPending ? "Asking the server…" : ""}
          </Text>
        </Group>
      </Stack>
      <Modal opened={unlinks !== null} onClose={change.reset} title="Links will be lost" centered>
        <Stack>
          <Text size="sm">{problem?.message}</Text>
          <Group>
            <Button
              color="red"
              loading={change.isPending}
              onClick={() => change.mutate({ unlinks: unlinks!, etag: change.variables!.etag })}
            >
              Change it all the same
            </Button>
            <Button variant="default" onClick={change.reset}>
              Cancel
            </Button>
          </Group>
        </Stack>
      </Modal>
    </form>
  );
}

const originOf = (url: string) => URL.parse(url)?.origin;
const peopleOf = (count: number) => (count === 1 ? "One person" : `${count} people`);
