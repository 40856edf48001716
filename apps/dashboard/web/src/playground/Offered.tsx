import { Anchor, Group, Select, Stack, Text } from "@mantine/core";
import { IconPlayerPlay } from "@tabler/icons-react";
import { useQuery } from "@tanstack/react-query";
import type { ReactNode } from "react";
import type { Connector } from "../api/connectors/connectors.ts";
import { ApiProblem } from "../api/problem.ts";
import { Panel } from "../ui/Panel.tsx";
import { Empty, Failure, Loading } from "../ui/states.tsx";
import { AccessBadge } from "./AccessBadge.tsx";
import { offersQuery, type Subject, subjectOf } from "./offers.ts";
import classes from "./playground.module.css";
import { KINDS, type Kind } from "./search.ts";
import { Trial } from "./Trial.tsx";

const SHOWN_MAX = 100;

interface OfferedProps {
  org: string;
  connector: Connector;
  kind: Kind;
  /** Which of them is chosen. */
  name: string | undefined;
  /** Of which kind. */
  choice: ReactNode;
  onChoose: (name: string) => void;
}

/** What there is of a kind for whoever is signed in, and the one of it that they try. */
export function Offered({ org, connector, kind, name, choice, onChoose }: OfferedProps) {
  const { data, error, refetch } = useQuery(offersQuery(org, connector.slug, kind));
  const subjects = data?.map((offer) => subjectOf(kind, offer));
  const chosen = subjects?.find(({ key }) => key === name);
  return (
    <>
      <Panel
        title="Try it"
        lead="As yourself, and by the same way as every client: with your rights and accounts, within the limits, and in the audit log."
      >
        <Stack gap="md">
          <Group gap="sm">
            {choice}
            {subjects && subjects.length > 0 && <Chooser {...{ kind, subjects, chosen, onChoose }} />}
          </Group>
          {error && <ListFailure error={error} onRetry={() => refetch()} />}
          {!error && !subjects && <Loading />}
          {subjects?.length === 0 && <Nothing kind={kind} />}
          {chosen && <About subject={chosen} kind={kind} />}
        </Stack>
      </Panel>
      {chosen && <Trial key={chosen.key} org={org} connector={connector} subject={chosen} />}
    </>
  );
}

interface ChooserProps extends Pick<OfferedProps, "kind" | "onChoose"> {
  subjects: Subject[];
  chosen: Subject | undefined;
}

function Chooser({ kind, subjects, chosen, onChoose }: ChooserProps) {
  const { one } = KINDS[kind];
  return (
    <Select
      aria-label={`Which ${one}`}
      placeholder={`Choose a ${one}`}
      searchable
      flex="1 1 16rem"
      maw={520}
      limit={SHOWN_MAX}
      nothingFoundMessage={`No ${one} is called so`}
      value={chosen?.key ?? null}
      data={subjects.map(({ key, title }) => ({
        value: key,
        label: title && title !== key ? `${key} · ${title}` : key,
      }))}
      onChange={(key) => key !== null && onChoose(key)}
    />
  );
}

function About({ subject: { description, access }, kind }: { subject: Subject; kind: Kind }) {
  return (
    <Group gap="sm" align="flex-start">
      {kind === "tools" && <AccessBadge access={access} />}
      {description && (
        <Text size="sm" c="dimmed" className={classes.said}>
          {description}
        </Text>
      )}
    </Group>
  );
}

function ListFailure({ error, onRetry }: { error: Error; onRetry: () => void }) {
  const url = error instanceof ApiProblem ? error.data.url : undefined;
  return (
    <>
      <Failure error={error} onRetry={onRetry} />
      {typeof url === "string" && /^https?:/.test(url) && (
        <Anchor href={url} size="sm">
          Link your account
        </Anchor>
      )}
    </>
  );
}

function Nothing({ kind }: { kind: Kind }) {
  return (
    <Empty icon={<IconPlayerPlay size={32} stroke={1.4} />} title={`There are no ${kind} for you here`}>
      {kind === "tools"
        ? "Either this connector offers none, or none of them is open to you. Those who run it choose under Tools."
        : `This server offers no ${kind}, or shows them only to who has linked an account.`}
    </Empty>
  );
}
