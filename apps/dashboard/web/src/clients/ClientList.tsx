import { Button, Text } from "@mantine/core";
import { useSearch } from "@tanstack/react-router";
import { useState } from "react";
import { type Clients, decideOnClient, type KnownClient } from "../api/clients/clients.ts";
import { Ago } from "../ui/Ago.tsx";
import { LongList } from "../ui/LongList.tsx";
import { Panel } from "../ui/Panel.tsx";
import { Failure } from "../ui/states.tsx";
import { ClientName } from "./ClientName.tsx";
import { Confirm } from "./Confirm.tsx";
import classes from "./clients.module.css";
import { useKnownClients } from "./use-clients.ts";
import { useDisconnecting } from "./use-disconnecting.tsx";

interface ClientListProps {
  org: string;
  policy: Clients["policy"];
}

const SEARCH = { label: "Search apps", placeholder: "Search names and hosts" };

/** What members have connected, and what has been decided about clients. */
export function ClientList({ org, policy }: ClientListProps) {
  const { q = "" } = useSearch({ from: "/signed-in/$org/settings" });
  const pages = useKnownClients(org, { waiting: false, q });
  const [blocking, setBlocking] = useState<KnownClient | null>(null);
  const decide = useDisconnecting(
    org,
    ({ client, ...change }: { client: KnownClient; decision: KnownClient["decision"]; confirmed?: boolean }) =>
      decideOnClient(org, client, change),
  );

  function block(): void {
    if (blocking) decide.submit({ client: blocking, decision: "blocked" });
    setBlocking(null);
  }

  return (
    <Panel title="Apps" lead="Those that members have connected, and those that you have decided about." flush>
      {decide.error && <Failure error={decide.error} />}
      <LongList
        folds
        pages={pages}
        keyOf={({ identity }) => identity}
        search={SEARCH}
        className={classes.list}
        nothing={
          <Text size="sm" c="dimmed" px="lg" pb="lg">
            Nobody has connected an app yet.
          </Text>
        }
      >
        {(client) => (
          <li className={classes.row}>
            <div className={classes.identity}>
              <ClientName client={client} />
            </div>
            <Use client={client} />
            <div className={classes.actions}>
              {client.standing !== "blocked" && (
                <Button
                  size="sm"
                  variant="default"
                  aria-label={`Block ${client.name}`}
                  onClick={() => setBlocking(client)}
                >
                  Block
                </Button>
              )}
              {undoing(client, policy) && (
                <Button
                  size="sm"
                  variant="default"
                  disabled={decide.isPending}
                  aria-label={`${undoing(client, policy)!.label} ${client.name}`}
                  onClick={() => decide.submit({ client, decision: undoing(client, policy)!.decision })}
                >
                  {undoing(client, policy)!.label}
                </Button>
              )}
            </div>
          </li>
        )}
      </LongList>
      {decide.confirmation}
      <Confirm
        opened={blocking !== null}
        title={`Block ${blocking?.name}?`}
        action="Block"
        pending={decide.isPending}
        onCancel={() => setBlocking(null)}
        onConfirm={block}
      >
        {consequence(blocking)}
      </Confirm>
    </Panel>
  );
}

function Use({ client: { members, lastUsedAt } }: { client: KnownClient }) {
  return (
    <Text size="sm" c="dimmed" className={classes.use}>
      {members === 0 ? "not in use" : members === 1 ? "1 member" : `${members} members`}
      {lastUsedAt && (
        <>
          {" "}
          · used <Ago at={lastUsedAt} />
        </>
      )}
    </Text>
  );
}

function undoing(
  { decision, standing, registration }: KnownClient,
  policy: Clients["policy"],
): { label: string; decision: KnownClient["decision"] } | null {
  if (decision === "blocked") {
    return policy === "any" && registration !== "manual"
      ? { label: "Unblock", decision: null }
      : { label: "Allow", decision: "allowed" };
  }
  if (standing === "not_allowed") return { label: "Allow", decision: "allowed" };
  if (decision === "allowed" && registration !== "manual") return { label: "Forget", decision: null };
  return null;
}

function consequence(client: KnownClient | null): string {
  if (!client?.members) return "Members can no longer connect it.";
  const who = client.members === 1 ? "One member is" : `${client.members} members are`;
  return `${who} disconnected within a second, and nobody can connect it any more.`;
}
