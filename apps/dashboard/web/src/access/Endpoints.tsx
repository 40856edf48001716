import { Badge, Button, Text } from "@mantine/core";
import { useState } from "react";
import { type OwnEndpoint, pageOwnEndpoints } from "../api/people/access.ts";
import { HowToConnect } from "../connect/HowToConnect.tsx";
import { LongList } from "../ui/LongList.tsx";
import { Panel } from "../ui/Panel.tsx";
import { usePages } from "../ui/use-pages.ts";
import classes from "./access.module.css";

/** What is open to oneself, and how to get it into a client. */
export function Endpoints({ org }: { org: string }) {
  const pages = usePages({
    queryKey: ["access", org, "endpoints"],
    read: (query) => pageOwnEndpoints(org, query),
    itemsOf: ({ endpoints }) => endpoints,
  });
  const [opened, setOpened] = useState<string | null>();
  const shown = opened === undefined && pages.items?.length === 1 ? pages.items[0]!.slug : opened;
  return (
    <Panel title="What you may use" lead="Each has an address of its own. You connect it once, in every client." flush>
      <LongList
        folds
        pages={pages}
        keyOf={({ id }) => id}
        className={classes.list}
        nothing={
          <Text size="sm" c="dimmed" className={classes.nothing}>
            Nothing yet. When an owner or admin opens a connector to you, it stands here.
          </Text>
        }
      >
        {(endpoint) => (
          <Row
            endpoint={endpoint}
            isOpen={shown === endpoint.slug}
            onToggle={() => setOpened(shown === endpoint.slug ? null : endpoint.slug)}
          />
        )}
      </LongList>
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
            <Badge variant="default" size="sm">
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
