import { Button, Text } from "@mantine/core";
import { decideOnClient, type KnownClient } from "../api.ts";
import { Ago } from "../ui/Ago.tsx";
import { Panel } from "../ui/Panel.tsx";
import { Failure } from "../ui/states.tsx";
import { ClientName } from "./ClientName.tsx";
import classes from "./clients.module.css";
import { useChange } from "./use-clients.ts";

/** What members have asked for, until somebody decides. */
export function Requests({ org, clients }: { org: string; clients: KnownClient[] }) {
  const decide = useChange(org, ({ client, decision }: { client: KnownClient; decision: "allowed" | "blocked" }) =>
    decideOnClient(org, client, { identity: client.identity, decision }),
  );
  return (
    <Panel
      title="Waiting for a decision"
      lead="Members have asked to connect these, and get a mail once you have decided."
      flush
    >
      {decide.error && <Failure error={decide.error} />}
      <ul className={classes.list}>
        {clients.map((client) => (
          <li key={client.identity} className={classes.row}>
            <div className={classes.identity}>
              <ClientName client={client} />
              <Text size="sm" c="dimmed">
                asked for by {new Intl.ListFormat("en").format(client.requestedBy)}, <Ago at={client.requestedAt!} />
              </Text>
            </div>
            <div className={classes.actions}>
              <Button
                size="sm"
                disabled={decide.isPending}
                aria-label={`Approve ${client.name}`}
                onClick={() => decide.mutate({ client, decision: "allowed" })}
              >
                Approve
              </Button>
              <Button
                size="sm"
                variant="default"
                disabled={decide.isPending}
                aria-label={`Block ${client.name}`}
                onClick={() => decide.mutate({ client, decision: "blocked" })}
              >
                Block
              </Button>
            </div>
          </li>
        ))}
      </ul>
    </Panel>
  );
}
