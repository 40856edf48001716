import { Alert, Text } from "@mantine/core";
import type { Grant } from "../api/people/access.ts";
import { Ago } from "../ui/Ago.tsx";
import { EndButton } from "../ui/EndButton.tsx";
import { LongList } from "../ui/LongList.tsx";
import { Panel } from "../ui/Panel.tsx";
import type { Pages } from "../ui/use-pages.ts";
import classes from "./access.module.css";
import { LastUsed } from "./LastUsed.tsx";
import { allowed } from "./scopes.ts";
import { useEnd } from "./use-access.ts";

/** The apps that were let in by consent. */
export function Grants({ org, grants, lead }: { org: string; grants: Pages<Grant>; lead: string }) {
  const end = useEnd(org).grant;
  return (
    <Panel title="Apps" lead={lead} flush>
      {end.error && (
        <Alert role="alert" color="red" mx="lg" mb="md" title="Not disconnected">
          {end.error.message}
        </Alert>
      )}
      <LongList
        folds
        pages={grants}
        keyOf={({ id }) => id}
        className={classes.list}
        nothing={
          <Text size="sm" c="dimmed" className={classes.nothing}>
            No app is connected. Connect one with the address of a connector.
          </Text>
        }
      >
        {(grant) => (
          <li className={classes.row}>
            <div className={classes.what}>
              <Text size="sm" fw={600} span>
                {grant.client.name}
              </Text>{" "}
              <Text size="sm" c="dimmed" span>
                {grant.client.host ? `of ${grant.client.host}` : "(nobody vouches for this name)"}
              </Text>
              <Text size="sm" c="dimmed">
                {grant.connector ?? "A connector that is gone"} · {allowed(grant.scopes)}
              </Text>
            </div>
            <Text size="sm" c="dimmed" component="div">
              Since <Ago at={grant.createdAt} />
              <br />
              <LastUsed at={grant.lastUsedAt} />
            </Text>
            <EndButton
              label="Disconnect"
              name={grant.client.name}
              question={`${grant.client.name} can no longer use ${grant.connector ?? "the connector"}, until it is connected anew.`}
              pending={end.isPending && end.variables === grant.id}
              onEnd={() => end.mutate(grant.id)}
            />
          </li>
        )}
      </LongList>
    </Panel>
  );
}
