import { Button, Text } from "@mantine/core";
import { decideOnClient, type KnownClient } from "../api/clients/clients.ts";
import { Ago } from "../ui/Ago.tsx";
import { LongList } from "../ui/LongList.tsx";
import { Panel } from "../ui/Panel.tsx";
import { Failure } from "../ui/states.tsx";
import { ClientName } from "./ClientName.tsx";
import classes from "./clients.module.css";
import { useChange, useKnownClients } from "./use-clients.ts";

/** What members have asked for, until somebody decides. */
export function Requests({ org }: { org: string }) {
  const pages = useKnownClients(org, { waiting: true });
  const decide = useChange(org, ({ client, decision }: { client: KnownClient; decision: "allowed" | "blocked" }) =>
    decideOnClient(org, client, { decision }),
  );
  if (!pages.error && !pages.items?.length) return null;
  return (
    <Panel
      title="Waiting for a decision"
      lead="Members have asked to connect these, and get a mail once you have decided."
      flush
    >
      {decide.error && <Failure error={decide.error} />}
      <LongList folds pages={pages} keyOf={({ identity }) => identity} className={classes.list}>
        {(client) => (
          <li className={classes.row}>
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
        )}
      </LongList>
    </Panel>
  );
}
