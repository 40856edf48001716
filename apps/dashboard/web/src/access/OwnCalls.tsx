import { Button, Text } from "@mantine/core";
import { infiniteQueryOptions, useInfiniteQuery } from "@tanstack/react-query";
import { pageOwnCalls } from "../api/people/access.ts";
import { Outcome } from "../audit/Outcome.tsx";
import { durationOf } from "../audit/words.ts";
import { Ago } from "../ui/Ago.tsx";
import { Panel } from "../ui/Panel.tsx";
import { Failure, Loading } from "../ui/states.tsx";
import classes from "./access.module.css";

const callsQuery = (org: string) =>
  infiniteQueryOptions({
    queryKey: ["access", org, "calls"],
    queryFn: ({ pageParam }) => pageOwnCalls(org, pageParam ? { after: pageParam } : {}),
    initialPageParam: "",
    getNextPageParam: ({ next }) => next,
  });

/** What was called in one's own name, newest first. */
export function OwnCalls({ org }: { org: string }) {
  const { data, error, refetch, hasNextPage, isFetchingNextPage, fetchNextPage } = useInfiniteQuery(callsQuery(org));
  const calls = data?.pages.flatMap((page) => page.calls) ?? [];
  return (
    <Panel title="My calls" lead="What was called in your name, as the audit log has it." flush>
      {error && <Failure error={error} onRetry={() => refetch()} />}
      {!error && !data && <Loading />}
      {data && calls.length === 0 && !hasNextPage && (
        <Text size="sm" c="dimmed" className={classes.nothing}>
          No calls yet.
        </Text>
      )}
      <ul className={classes.list}>
        {calls.map(({ id, at, what, connector, outcome, durationMs }) => (
          <li key={id} className={classes.row}>
            <div className={classes.what}>
              <Text size="sm" span className="mono">
                {what}
              </Text>{" "}
              <Text size="sm" c="dimmed" span>
                {connector}
              </Text>
            </div>
            <Text size="sm" c="dimmed" component="div">
              <Ago at={at} />
              {durationMs !== null && ` · ${durationOf(durationMs)}`}
            </Text>
            <Text size="sm" component="div">
              <Outcome outcome={outcome} />
            </Text>
          </li>
        ))}
      </ul>
      {hasNextPage && (
        <div className={classes.more}>
          <Button variant="default" size="compact-sm" loading={isFetchingNextPage} onClick={() => fetchNextPage()}>
            Earlier calls
          </Button>
        </div>
      )}
    </Panel>
  );
}
