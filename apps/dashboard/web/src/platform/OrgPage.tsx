import { Button, Group, NativeSelect, Stack, Text } from "@mantine/core";
import { queryOptions, useMutation, useQuery, useQueryClient } from "@tanstack/react-query";
import { useParams } from "@tanstack/react-router";
import { useState } from "react";
import {
  choosePlan,
  deleteOrgOfAny,
  type OrgOfAny,
  pageConnectorsOfOrg,
  pagePeopleOfOrg,
  readOrgOfAny,
  suspendOrg,
} from "../api/org/platform.ts";
import type { Seen } from "../api/preconditions.ts";
import { ApiProblem } from "../api/problem.ts";
import { labelOf } from "../people/roles.ts";
import { Ago } from "../ui/Ago.tsx";
import { Destroy } from "../ui/Destroy.tsx";
import { LongList } from "../ui/LongList.tsx";
import { NotSaved } from "../ui/NotSaved.tsx";
import { Page } from "../ui/Page.tsx";
import { Panel } from "../ui/Panel.tsx";
import { Failure, Loading, NotFound } from "../ui/states.tsx";
import { usePages } from "../ui/use-pages.ts";
import { count, percent } from "../usage/numbers.ts";
import { plansQuery } from "./PlansPage.tsx";
import classes from "./platform.module.css";
import { Standing } from "./Standing.tsx";

const orgQuery = (slug: string) =>
  queryOptions({ queryKey: ["platform", "org", slug], queryFn: () => readOrgOfAny(slug) });

/** One organisation, from without. */
export function OrgPage() {
  const { slug } = useParams({ from: "/signed-in/platform/orgs/$slug" });
  const { data: org, error, refetch } = useQuery(orgQuery(slug));
  if (error instanceof ApiProblem && error.status === 404) return <NotFound />;
  return (
    <Page
      title={org?.name ?? slug}
      lead={org && <Facts org={org} />}
      back={{ label: "Organisations", href: "/platform/orgs" }}
    >
      {error && <Failure error={error} onRetry={() => refetch()} />}
      {!error && !org && <Loading />}
      {org && (
        <>
          <People org={org} />
          <Endpoints org={org} />
          {!org.deletedAt && <ChoosePlan key={org.plan} org={org} />}
          {!org.deletedAt && <Access org={org} />}
        </>
      )}
    </Page>
  );
}

function Facts({ org }: { org: OrgOfAny }) {
  return (
    <Group gap="4px 10px">
      <Standing org={org} />
      <span>{org.slug}</span>
      <span>
        · {count(org.calls)} calls in 24 hours, {percent(org.errors, org.calls)} failed
      </span>
      <span>
        · made <Ago at={org.createdAt} />
      </span>
    </Group>
  );
}

function People({ org: { slug, members } }: { org: OrgOfAny }) {
  const pages = usePages({
    queryKey: [...orgQuery(slug).queryKey, "people"],
    read: (query) => pagePeopleOfOrg(slug, query),
    itemsOf: ({ people }) => people,
  });
  return (
    <Panel flush title={`Members (${count(members)})`}>
      <LongList
        folds
        pages={pages}
        keyOf={({ id }) => id}
        className={classes.list}
        nothing={<None>Nobody belongs to it.</None>}
      >
        {({ name, email, role }) => (
          <li className={classes.row}>
            <Text size="sm" className={classes.name}>
              {name}{" "}
              <Text span c="dimmed" size="sm">
                {email}
              </Text>
            </Text>
            <Text size="sm" c="dimmed">
              {labelOf(role)}
            </Text>
          </li>
        )}
      </LongList>
    </Panel>
  );
}

function Endpoints({ org: { slug, connectors } }: { org: OrgOfAny }) {
  const pages = usePages({
    queryKey: [...orgQuery(slug).queryKey, "connectors"],
    read: (query) => pageConnectorsOfOrg(slug, query),
    itemsOf: ({ endpoints }) => endpoints,
  });
  return (
    <Panel flush title={`Connectors (${count(connectors)})`}>
      <LongList
        folds
        pages={pages}
        keyOf={({ slug }) => slug}
        className={classes.list}
        nothing={<None>It has registered none yet.</None>}
      >
        {({ slug, name, upstream, isDown }) => (
          <li className={classes.row}>
            <Text size="sm" className={classes.name}>
              {name}{" "}
              <Text span c="dimmed" size="sm">
                {upstream}
              </Text>
            </Text>
            <Text size="sm" c={isDown ? "var(--mantine-color-error)" : "dimmed"}>
              {isDown ? "Does not answer" : slug}
            </Text>
          </li>
        )}
      </LongList>
    </Panel>
  );
}

function None({ children }: { children: string }) {
  return (
    <Text size="sm" c="dimmed" px="lg" pb="lg">
      {children}
    </Text>
  );
}

function useOrgChange<Change>(change: (change: Change) => Promise<void>) {
  const queryClient = useQueryClient();
  return useMutation({
    mutationFn: change,
    onSuccess: () => queryClient.invalidateQueries({ queryKey: ["platform"] }),
  });
}

function ChoosePlan({ org: { slug, plan, etags } }: { org: OrgOfAny }) {
  const plans = useQuery(plansQuery).data?.plans ?? [{ name: plan }];
  const queryClient = useQueryClient();
  const [wanted, setWanted] = useState(plan);
  const choose = useOrgChange((etag: string | null) => choosePlan(slug, wanted, etag));
  return (
    <Panel title="Plan" lead="What it is allowed. What you choose counts within a second.">
      {choose.error && (
        <NotSaved
          error={choose.error}
          pending={choose.isPending}
          onTheirs={() => queryClient.invalidateQueries(orgQuery(slug))}
          onMine={() => choose.mutate(null)}
        />
      )}
      <Group gap="sm">
        <NativeSelect
          aria-label="Plan"
          value={wanted}
          data={plans.map(({ name }) => name)}
          onChange={(event) => setWanted(event.currentTarget.value)}
        />
        <Button disabled={wanted === plan} loading={choose.isPending} onClick={() => choose.mutate(etags.plan)}>
          Save
        </Button>
      </Group>
    </Panel>
  );
}

function Access({ org }: { org: Seen<OrgOfAny> }) {
  const { slug, name, suspendedAt, members, connectors } = org;
  const suspended = suspendedAt === null;
  const suspend = useOrgChange((confirm: string) => suspendOrg(org, { suspended, confirm }));
  const remove = useOrgChange((confirm: string) => deleteOrgOfAny(org, confirm));
  return (
    <Panel title="Danger zone">
      <Stack gap="md" align="flex-start">
        <Destroy
          key={suspendedAt}
          label={`${suspended ? "Suspend" : "Resume"} ${name}`}
          confirm={slug}
          pending={suspend.isPending}
          error={suspend.error}
          onDestroy={suspend.mutate}
        >
          {suspended
            ? "Within a second nobody calls, connects or refreshes at its endpoints, and nothing in it can be changed, until it is resumed. Nothing is lost."
            : "Everybody may again who could before."}
        </Destroy>
        <Destroy
          label={`Delete ${name}`}
          confirm={slug}
          pending={remove.isPending}
          error={remove.error}
          onDestroy={remove.mutate}
        >
          It is gone for its {members} members, and its {connectors} connectors answer nobody. All that it kept secret
          is destroyed: credentials, members' linked accounts (which are ended upstream first), and sealed arguments.
          Its audit log stays for as long as it said. It cannot be undone.
        </Destroy>
      </Stack>
    </Panel>
  );
}
