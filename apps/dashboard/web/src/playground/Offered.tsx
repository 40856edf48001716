import { Anchor, Group, Select, Stack, Text } from "@mantine/core";
import { IconPlayerPlay } from "@tabler/icons-react";
import { useQuery } from "@tanstack/react-query";
import { ApiProblem, type Connector } from "../api.ts";
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
  onChoose: (name: string) => void;
}

/** What there is of a kind for whoever is signed in, and the one of it that they try. */
export function Offered({ org, connector, kind, name, onChoose }: OfferedProps) {
  const { data, error, refetch } = useQuery(offersQuery(org, connector.slug, kind));
  if (error) return <ListFailure error={error} onRetry={() => refetch()} />;
  if (!data) return <Loading />;
  const subjects = data.map((offer) => subjectOf(kind, offer));
  if (subjects.length === 0) return <Nothing kind={kind} />;
  const chosen = subjects.find(({ key }) => key === name);
  const { one } = KINDS[kind];
  return (
    <>
      <Panel title={`Which ${one}`}>
        <Stack gap="sm">
          <Select
            aria-label={`Which ${one}`}
            placeholder={`Choose a ${one}`}
            searchable
            maw={560}
            limit={SHOWN_MAX}
            nothingFoundMessage={`No ${one} is called so`}
            value={chosen?.key ?? null}
            data={subjects.map(({ key, title }) => ({
              value: key,
              label: title && title !== key ? `${key} · ${title}` : key,
            }))}
            onChange={(key) => key !== null && onChoose(key)}
          />
          {chosen && <About subject={chosen} kind={kind} />}
        </Stack>
      </Panel>
      {chosen && <Trial key={chosen.key} org={org} connector={connector} subject={chosen} />}
    </>
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
