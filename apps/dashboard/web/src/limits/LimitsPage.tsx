import { useQuery } from "@tanstack/react-query";
import type { Limits } from "../api/usage/limits.ts";
import { useOrg } from "../session.ts";
import { Page } from "../ui/Page.tsx";
import { Panel } from "../ui/Panel.tsx";
import { Failure, Loading, NotFound } from "../ui/states.tsx";
import type { Subject } from "./amounts.ts";
import { LimitRow } from "./LimitRow.tsx";
import classes from "./limits.module.css";
import { NewException } from "./NewException.tsx";
import { nameOf } from "./name-of.ts";
import { limitsQuery } from "./use-limits.ts";

const EACH: Record<Subject, string> = {
  org: "The whole organisation",
  member: "Each member",
  client: "Each client",
  connector: "Each connector",
  tool: "Each tool",
};

/** What may be called how much, by whom. */
export function LimitsPage() {
  const org = useOrg()!;
  const { data, error, refetch } = useQuery({ ...limitsQuery(org.slug), enabled: org.mayChange });
  if (!org.mayChange) return <NotFound />;
  return (
    <Page
      title="Limits"
      lead="Who calls more than this is told to wait. Days and months begin at midnight, UTC. What you change counts within a second."
    >
      {error && <Failure error={error} onRetry={() => refetch()} />}
      {!error && !data && <Loading />}
      {data && <ForEach org={org.slug} data={data} />}
      {data && <Exceptions org={org.slug} data={data} />}
    </Page>
  );
}

function ForEach({ org, data }: { org: string; data: Limits }) {
  return (
    <Panel flush title="For everybody" lead={`Within what your plan, “${data.plan.name}”, allows.`}>
      <ul className={classes.list}>
        {(Object.keys(EACH) as Subject[]).map((subject) => (
          <LimitRow key={subject} title={EACH[subject]} limited={{ subject, subjectId: "" }} {...{ org, data }} />
        ))}
      </ul>
    </Panel>
  );
}

function Exceptions({ org, data }: { org: string; data: Limits }) {
  const own = data.limits.filter(({ subjectId }) => subjectId !== "");
  return (
    <Panel
      flush
      title="Exceptions"
      lead="A member, client, connector or tool with limits of its own, in place of those above."
    >
      <ul className={classes.list}>
        {own.map(({ subject, subjectId }) => (
          <LimitRow
            key={`${subject} ${subjectId}`}
            title={nameOf(data.names, subject, subjectId)}
            {...{ org, data, limited: { subject, subjectId } }}
          />
        ))}
      </ul>
      <NewException org={org} data={data} />
    </Panel>
  );
}
