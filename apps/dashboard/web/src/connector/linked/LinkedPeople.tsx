import { Badge, Text } from "@mantine/core";
import { useSearch } from "@tanstack/react-router";
import type { Connector } from "../../api/connectors/connectors.ts";
import { type Linked, pageLinked } from "../../api/connectors/linked.ts";
import { Ago } from "../../ui/Ago.tsx";
import { LongList } from "../../ui/LongList.tsx";
import { Panel } from "../../ui/Panel.tsx";
import { usePages } from "../../ui/use-pages.ts";
import classes from "./linked.module.css";
import { OAuthApp } from "./OAuthApp.tsx";

const SEARCH = { label: "Search people", placeholder: "Search names and addresses" };

/** Who has linked an account of their own, for those who may change the connector. Never what they have linked. */
export function LinkedPeople({ org, connector }: { org: string; connector: Connector }) {
  const { q = "" } = useSearch({ strict: false });
  const pages = usePages({
    queryKey: ["connectors", org, connector.slug, "linked"],
    read: (query) => pageLinked(org, connector.slug, query),
    itemsOf: ({ people }) => people,
    q,
  });
  const isOAuth = connector.access?.some(({ kind }) => kind === "member-oauth");
  return (
    <Panel title="Members' accounts" lead="Each member's calls go out with an account of their own." flush>
      {isOAuth && pages.first && <OAuthApp org={org} slug={connector.slug} linked={pages.first} />}
      <LongList
        pages={pages}
        keyOf={({ id }) => id}
        search={SEARCH}
        className={classes.list}
        nothing={
          <Text size="sm" c="dimmed" className={classes.nothing}>
            Nobody has linked an account yet. Members are offered to when they connect, and in My access.
          </Text>
        }
      >
        {(person) => <Person person={person} />}
      </LongList>
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
