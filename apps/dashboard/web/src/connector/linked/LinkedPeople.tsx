import { Badge, Text } from "@mantine/core";
import { queryOptions, useQuery } from "@tanstack/react-query";
import { type Connector, type Linked, readLinked } from "../../api.ts";
import { Ago } from "../../ui/Ago.tsx";
import { Panel } from "../../ui/Panel.tsx";
import { Failure } from "../../ui/states.tsx";
import classes from "./linked.module.css";
import { OAuthApp } from "./OAuthApp.tsx";

const linkedQuery = (org: string, slug: string) =>
  queryOptions({ queryKey: ["connectors", org, slug, "linked"], queryFn: () => readLinked(org, slug) });

/** Who has linked an account of their own, for those who may change the connector. Never what they have linked. */
export function LinkedPeople({ org, connector }: { org: string; connector: Connector }) {
  const { data, error, refetch } = useQuery(linkedQuery(org, connector.slug));
  if (error) return <Failure error={error} onRetry={() => refetch()} />;
  if (!data) return null;
  const isOAuth = connector.access?.some(({ kind }) => kind === "member-oauth");
  return (
    <Panel title="Members' accounts" lead="Each member's calls go out with an account of their own." flush>
      {data.people.length === 0 && (
        <Text size="sm" c="dimmed" className={classes.nothing}>
          Nobody has linked an account yet. Members are offered to when they connect, and in My access.
        </Text>
      )}
      <ul className={classes.list}>
        {data.people.map((person) => (
          <Person key={person.email} person={person} />
        ))}
      </ul>
      {isOAuth && <OAuthApp org={org} slug={connector.slug} linked={data} />}
    </Panel>
  );
}

function Person({ person }: { person: Linked["people"][number] }) {
  const { name, email, status, account, scopes, linkedAt } = person;
  return (
    <li className={classes.row}>
      <div className={classes.who}>
        <Text size="sm" fw={600} span>
          {name}
        </Text>{" "}
        {status === "broken" && (
          <Badge color="red" variant="light" size="sm">
            Ended
          </Badge>
        )}
        <Text size="sm" c="dimmed">
          {email}
        </Text>
      </div>
      <Text size="sm" c="dimmed" className={classes.who}>
        {[account, ...scopes].filter(Boolean).join(" · ")}
      </Text>
      <Text size="sm" c="dimmed" component="div">
        Since <Ago at={linkedAt} />
      </Text>
    </li>
  );
}
