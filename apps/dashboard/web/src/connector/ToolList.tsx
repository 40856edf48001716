import { Alert, Button, Group, NativeSelect, Text } from "@mantine/core";
import { IconTool } from "@tabler/icons-react";
import { useNavigate, useSearch } from "@tanstack/react-router";
import type { Connector } from "../api/connectors/connectors.ts";
import type { ToolsPage } from "../api/connectors/tools.ts";
import { LongList } from "../ui/LongList.tsx";
import { Panel } from "../ui/Panel.tsx";
import { Empty } from "../ui/states.tsx";
import { ToolRow } from "./ToolRow.tsx";
import { readToolSearch, SHOWN_LABELS, type ToolSearch } from "./tool-search.ts";
import classes from "./tools.module.css";
import { useDecisionOnAll, useIsChanging, useToolDecision, useTools } from "./use-tools.ts";

/** Beyond this many they are chosen many at a time as well. */
const FEW = 8;

const SEARCH = { label: "Search tools", placeholder: "Search names and descriptions" };

interface ToolListProps {
  org: string;
  connector: Connector;
  mayChange: boolean;
}

export function ToolList({ org, connector, mayChange }: ToolListProps) {
  const { slug, tools } = connector;
  const search = readToolSearch(useSearch({ strict: false }));
  const pages = useTools(org, slug, search);
  const decide = useToolDecision(org, slug);
  const decideOnAll = useDecisionOnAll(org, slug);
  const refused = decide.error ?? decideOnAll.error;
  const isChanging = useIsChanging(org, slug);
  const isLong = tools.total > FEW || Object.keys(search).length > 0;

  function offerAll(offered: boolean): void {
    decideOnAll.mutate({ query: pages.filter, json: { offered }, etag: pages.first!.etag });
  }

  return (
    <Panel
      flush
      title={`Tools (${tools.total})`}
      lead="A client that has only mcp:read may call what you have classified as a read. Everything else asks for mcp:write."
    >
      {refused && (
        <Alert
          role="alert"
          color="red"
          m="lg"
          mt={0}
          withCloseButton
          onClose={() => {
            decide.reset();
            decideOnAll.reset();
          }}
          title="Not changed"
        >
          {refused.message}
        </Alert>
      )}
      <LongList
        pages={pages}
        keyOf={({ name }) => name}
        search={SEARCH}
        filters={isLong && <Filters search={search} tags={connector.tags} />}
        head={
          mayChange &&
          isLong &&
          pages.first && (
            <Many matching={pages.first.matching} pending={isChanging || pages.isPlaceholderData} offer={offerAll} />
          )
        }
        nothing={tools.total === 0 ? <NoTools connector={connector} /> : undefined}
        className={classes.list}
      >
        {(tool) => (
          <ToolRow {...{ org, slug, tool, mayChange }} decide={(decision) => decide.mutate({ tool, decision })} />
        )}
      </LongList>
    </Panel>
  );
}

function NoTools({ connector: { seen } }: { connector: Connector }) {
  return (
    <Empty
      icon={<IconTool size={32} stroke={1.4} />}
      title={seen ? "This server offers no tools" : "Its tools are not known yet"}
    >
      {seen
        ? "It may still offer resources and prompts."
        : "They appear when an owner who has linked an account has it checked."}
    </Empty>
  );
}

function Filters({ search: { tag = "", show = "" }, tags }: { search: ToolSearch; tags: string[] }) {
  const navigate = useNavigate();
  const set = (chosen: { tag?: string; show?: string }) =>
    navigate({ to: ".", search: ((all: object) => readToolSearch({ ...all, ...chosen })) as never, replace: true });
  return (
    <>
      {tags.length > 0 && (
        <NativeSelect
          size="sm"
          maw={220}
          aria-label="Tag"
          data={[{ value: "", label: "Every tag" }, ...tags]}
          value={tag}
          onChange={(event) => set({ tag: event.currentTarget.value })}
        />
      )}
      <NativeSelect
        size="sm"
        aria-label="Which tools to show"
        data={SHOWN_LABELS}
        value={show}
        onChange={(event) => set({ show: event.currentTarget.value })}
      />
    </>
  );
}

interface ManyProps {
  matching: ToolsPage["matching"];
  pending: boolean;
  offer: (offered: boolean) => void;
}

/** Whatever matches, at once, also what has not been scrolled to. */
function Many({ matching: { total, offered }, pending, offer }: ManyProps) {
  if (total === 0) return null;
  return (
    <Group px="lg" pb="md" gap="sm" justify="space-between">
      <Text size="sm" c="dimmed" role="status">
        {offered} of {total} offered
      </Text>
      <Group gap="xs">
        <Button
          size="compact-sm"
          variant="default"
          loading={pending}
          disabled={offered === total}
          onClick={() => offer(true)}
        >
          Offer all {total}
        </Button>
        <Button
          size="compact-sm"
          variant="default"
          loading={pending}
          disabled={offered === 0}
          onClick={() => offer(false)}
        >
          Offer none of them
        </Button>
      </Group>
    </Group>
  );
}
