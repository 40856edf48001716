import { Button, Text } from "@mantine/core";
import { IconPlus } from "@tabler/icons-react";
import { useState } from "react";
import { deleteOwnClient, type OwnClient, replaceOwnClientSecret } from "../api/clients/clients.ts";
import { Copyable } from "../ui/copy.tsx";
import { LongList } from "../ui/LongList.tsx";
import { Panel } from "../ui/Panel.tsx";
import { Failure } from "../ui/states.tsx";
import { Confirm } from "./Confirm.tsx";
import classes from "./clients.module.css";
import { NewOwnClientForm } from "./NewOwnClientForm.tsx";
import { Secret } from "./Secret.tsx";
import { useChange, useOwnClients } from "./use-clients.ts";

/** For software that neither publishes a document nor registers itself. */
export function OwnClients({ org }: { org: string }) {
  const pages = useOwnClients(org);
  const [registering, setRegistering] = useState(false);
  const [asked, setAsked] = useState<{ client: OwnClient; to: "delete" | "replace" } | null>(null);
  const [secret, setSecret] = useState<{ id: string; secret: string } | null>(null);
  const remove = useChange(org, (client: OwnClient) => deleteOwnClient(org, client));
  const replace = useChange(org, (client: OwnClient) => replaceOwnClientSecret(org, client));

  function confirm(): void {
    const { client, to } = asked!;
    if (to === "delete") remove.mutate(client);
    else replace.mutate(client, { onSuccess: (secret) => setSecret({ id: client.id, secret }) });
    setAsked(null);
  }

  const error = remove.error ?? replace.error;
  return (
    <Panel
      title="Registered by hand"
      lead="For software that asks you for a client ID. It can connect to this organisation's addresses only."
      flush
    >
      {error && <Failure error={error} />}
      <LongList pages={pages} keyOf={({ id }) => id} className={classes.list}>
        {(client) => (
          <li className={classes.row}>
            <div className={classes.identity}>
              <Text fw={600}>{client.name}</Text>
              <Text size="sm" c="dimmed">
                {client.secretChangedAt ? "confidential" : "public"} · {client.redirectUris.join(", ")}
              </Text>
              <Copyable text={client.id} label={`the client ID of ${client.name}`} />
            </div>
            <div className={classes.actions}>
              {client.secretChangedAt && (
                <Button
                  size="sm"
                  variant="default"
                  aria-label={`New secret for ${client.name}`}
                  onClick={() => setAsked({ client, to: "replace" })}
                >
                  New secret
                </Button>
              )}
              <Button
                size="sm"
                variant="default"
                aria-label={`Delete ${client.name}`}
                onClick={() => setAsked({ client, to: "delete" })}
              >
                Delete
              </Button>
            </div>
          </li>
        )}
      </LongList>
      <div className={classes.foot}>
        {registering ? (
          <NewOwnClientForm
            org={org}
            onDone={(registered) => {
              setRegistering(false);
              if (registered?.secret) setSecret({ id: registered.id, secret: registered.secret });
            }}
          />
        ) : (
          <Button
            variant="default"
            leftSection={<IconPlus size={16} aria-hidden />}
            onClick={() => setRegistering(true)}
          >
            Register a client
          </Button>
        )}
      </div>
      <Confirm
        opened={asked !== null}
        title={asked?.to === "delete" ? `Delete ${asked.client.name}?` : `A new secret for ${asked?.client.name}?`}
        action={asked?.to === "delete" ? "Delete" : "Make a new secret"}
        pending={remove.isPending || replace.isPending}
        onCancel={() => setAsked(null)}
        onConfirm={confirm}
      >
        {asked?.to === "delete"
          ? "Whoever has connected with it is disconnected within a second."
          : "The old one stops working at once. Members stay connected, and the software needs the new one for its next token."}
      </Confirm>
      {secret && <Secret {...secret} onClose={() => setSecret(null)} />}
    </Panel>
  );
}
