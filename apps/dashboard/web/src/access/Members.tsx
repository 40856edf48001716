import { Anchor, Text } from "@mantine/core";
import { Link, useSearch } from "@tanstack/react-router";
import { pageAccessOfMembers } from "../api/people/access.ts";
import { LongList } from "../ui/LongList.tsx";
import { Panel } from "../ui/Panel.tsx";
import { usePages } from "../ui/use-pages.ts";
import classes from "./access.module.css";
import { LastUsed } from "./LastUsed.tsx";

const SEARCH = { label: "Search members", placeholder: "Search names and addresses" };

/** For owners and admins: how much each member has given access to, and the way to look at it. */
export function Members({ org }: { org: string }) {
  const { q = "" } = useSearch({ from: "/signed-in/$org/access" });
  const pages = usePages({
    queryKey: ["access", org, "members"],
    read: (query) => pageAccessOfMembers(org, query),
    itemsOf: ({ members }) => members,
    q,
  });
  return (
    <Panel title="Everyone's access" lead="What each member has connected. You can end any of it." flush>
      <LongList pages={pages} keyOf={({ id }) => id} search={SEARCH} className={classes.list}>
        {({ id, name, email, grants, tokens, lastUsedAt }) => (
          <li className={classes.row}>
            <div className={classes.what}>
              <Anchor component={Link} to={`/${org}/access/${id}`} size="sm" fw={600}>
                {name}
              </Anchor>
              <Text size="sm" c="dimmed">
                {email}
              </Text>
            </div>
            <Text size="sm" c="dimmed" component="div">
              {counted(grants, "app")}, {counted(tokens, "token")}
              <br />
              <LastUsed at={lastUsedAt} />
            </Text>
          </li>
        )}
      </LongList>
    </Panel>
  );
}

const counted = (count: number, noun: string) => `${count === 0 ? "no" : count} ${noun}${count === 1 ? "" : "s"}`;
