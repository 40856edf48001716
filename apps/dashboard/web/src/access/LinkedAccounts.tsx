import { Alert, Badge, Button, Text } from "@mantine/core";
import { useMutation, useQueryClient } from "@tanstack/react-query";
import { type Link, pageLinks, unlink } from "../api/connectors/linked.ts";
import { Ago } from "../ui/Ago.tsx";
import { EndButton } from "../ui/EndButton.tsx";
import { LongList } from "../ui/LongList.tsx";
import { Panel } from "../ui/Panel.tsx";
import { usePages } from "../ui/use-pages.ts";
import classes from "./access.module.css";

/** The accounts elsewhere that connectors work with in this member's name. There is no such section where none does. */
export function LinkedAccounts({ org }: { org: string }) {
  const queryKey = ["links", org];
  const pages = usePages({ queryKey, read: (query) => pageLinks(org, query), itemsOf: ({ links }) => links });
  const queryClient = useQueryClient();
  const end = useMutation({
    mutationFn: (connector: string) => unlink(org, connector),
    onSettled: () => queryClient.invalidateQueries({ queryKey }),
  });
  if (!pages.error && !pages.items?.length) return null;
  return (
    <Panel
      title="Linked accounts"
      lead="Your own accounts elsewhere, which connectors use for you and nobody else."
      flush
    >
      {end.error && (
        <Alert role="alert" color="red" mx="lg" mb="md" title="Not unlinked">
          {end.error.message}
        </Alert>
      )}
      <LongList folds pages={pages} keyOf={({ connector }) => connector.slug} className={classes.list}>
        {(link) => (
          <li className={classes.row}>
            <WhatIsLinked link={link} />
            <Text size="sm" c="dimmed" component="div">
              {link.linkedAt && (
                <>
                  Since <Ago at={link.linkedAt} />
                </>
              )}
            </Text>
            {link.status === "live" ? (
              <EndButton
                label="Unlink"
                name={link.connector.name}
                question={`${link.connector.name} stops working for you until you link an account again.`}
                pending={end.isPending && end.variables === link.connector.slug}
                onEnd={() => end.mutate(link.connector.slug)}
              />
            ) : (
              <Button component="a" href={link.connectUrl} size="compact-sm" aria-label={`Link ${link.connector.name}`}>
                {link.status === "broken" ? "Link again" : "Link"}
              </Button>
            )}
          </li>
        )}
      </LongList>
    </Panel>
  );
}

function WhatIsLinked({ link: { connector, status, account, scopes } }: { link: Link }) {
  return (
    <div className={classes.what}>
      <Text size="sm" fw={600} span>
        {connector.name}
      </Text>{" "}
      {status === "broken" && (
        <Badge color="red" variant="light" size="sm">
          Ended
        </Badge>
      )}
      <Text size="sm" c="dimmed">
        {status === null && `Not linked yet, at ${connector.upstream}`}
        {status === "broken" && `${connector.upstream} no longer lets Gatehouse in for you`}
        {status === "live" && [account ?? connector.upstream, ...scopes].join(" · ")}
      </Text>
    </div>
  );
}
