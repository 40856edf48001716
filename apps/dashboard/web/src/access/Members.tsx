import { Anchor, Text } from "@mantine/core";
import { useQuery } from "@tanstack/react-query";
import { Link } from "@tanstack/react-router";
import { listAccessOfMembers } from "../api.ts";
import { Panel } from "../ui/Panel.tsx";
import { Failure, Loading } from "../ui/states.tsx";
import classes from "./access.module.css";
import { LastUsed } from "./LastUsed.tsx";

/** For owners and admins: how much each member has given access to, and the way to look at it. */
export function Members({ org }: { org: string }) {
  const {
    data: members,
    error,
    refetch,
  } = useQuery({
    queryKey: ["access", org, "members"],
    queryFn: () => listAccessOfMembers(org),
  });
  return (
    <Panel title="Everyone's access" lead="What each member has connected. You can end any of it." flush>
      {error && <Failure error={error} onRetry={() => refetch()} />}
      {!error && !members && <Loading />}
      <ul className={classes.list}>
        {members?.map(({ id, name, email, grants, tokens, lastUsedAt }) => (
          <li key={id} className={classes.row}>
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
        ))}
      </ul>
    </Panel>
  );
}

const counted = (count: number, noun: string) => `${count === 0 ? "no" : count} ${noun}${count === 1 ? "" : "s"}`;
