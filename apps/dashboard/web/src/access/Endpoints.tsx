import { Badge, Button, Text } from "@mantine/core";
import { infiniteQueryOptions, useInfiniteQuery } from "@tanstack/react-query";
import { useState } from "react";
import { type OwnEndpoint, pageOwnEndpoints } from "../api/people/access.ts";
import { LoadMore } from "../audit/LoadMore.tsx";
import { HowToConnect } from "../connect/HowToConnect.tsx";
import { Blocks } from "../ui/Blocks.tsx";
import { Panel } from "../ui/Panel.tsx";
import { Failure, Loading } from "../ui/states.tsx";
import classes from "./access.module.css";

const endpointsQuery = (org: string) =>
  infiniteQueryOptions({
    queryKey: ["access", org, "endpoints"],
    queryFn: ({ pageParam }) => pageOwnEndpoints(org, pageParam ? { after: pageParam } : {}),
    initialPageParam: "",
    getNextPageParam: ({ next }) => next,
  });

/** What is open to oneself, and how to get it into a client. */
export function Endpoints({ org }: { org: string }) {
  const { data, error, refetch, hasNextPage, isFetchingNextPage, fetchNextPage } = useInfiniteQuery(
    endpointsQuery(org),
  );
  const endpoints = data?.pages.flatMap((page) => page.endpoints) ?? [];
  const [opened, setOpened] = useState<string | null>();
  const shown = opened === undefined && endpoints.length === 1 ? endpoints[0]!.slug : opened;
  return (
    <Panel title="What you may use" lead="Each has an address of its own. You connect it once, in every client." flush>
      {error && <Failure error={error} onRetry={() => refetch()} />}
      {!error && !data && <Loading />}
      {data && endpoints.length === 0 && (
        <Text size="sm" c="dimmed" className={classes.nothing}>
          Nothing yet. When an owner or admin opens a connector to you, it stands here.
        </Text>
      )}
      <Blocks items={endpoints}>
        {(block) => (
          <ul className={classes.list}>
            {block.map((endpoint) => (
              <Row
                key={endpoint.slug}
                endpoint={endpoint}
                isOpen={shown === endpoint.slug}
                onToggle={() => setOpened(shown === endpoint.slug ? null : endpoint.slug)}
              />
            ))}
          </ul>
        )}
      </Blocks>
      {hasNextPage && <LoadMore loading={isFetchingNextPage} onLoad={() => fetchNextPage()} />}
    </Panel>
  );
}

function Row({ endpoint, isOpen, onToggle }: { endpoint: OwnEndpoint; isOpen: boolean; onToggle: () => void }) {
  const { slug, name, address, tools, needsAccount } = endpoint;
  const steps = `how-to-connect-${slug}`;
  return (
    <li>
      <div className={classes.row}>
        <div className={classes.what}>
          <Text size="sm" fw={600} span>
            {name}
          </Text>{" "}
          {needsAccount && (
            <Badge variant="default" size="sm" tt="none" fw={500}>
              with your own account
            </Badge>
          )}
          <Text size="sm" c="dimmed">
            {address}
          </Text>
        </div>
        <Text size="sm" c="dimmed">
          {tools === 1 ? "1 tool" : `${tools} tools`}
        </Text>
        <Button
          size="compact-sm"
          variant={isOpen ? "default" : "filled"}
          onClick={onToggle}
          aria-expanded={isOpen}
          aria-controls={steps}
          aria-label={`${isOpen ? "Close" : "Connect"} ${name}`}
        >
          {isOpen ? "Close" : "Connect"}
        </Button>
      </div>
      <div id={steps} hidden={!isOpen} className={classes.form}>
        {isOpen && <HowToConnect endpoint={endpoint} />}
      </div>
    </li>
  );
}
