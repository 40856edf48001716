import { Button, Table, TextInput } from "@mantine/core";
import { useDebouncedCallback } from "@mantine/hooks";
import { IconBuildingCommunity, IconSearch } from "@tabler/icons-react";
import { infiniteQueryOptions, keepPreviousData, useInfiniteQuery } from "@tanstack/react-query";
import { Link, useNavigate, useSearch } from "@tanstack/react-router";
import { type CountedOrg, listOrgs } from "../api/org/platform.ts";
import { Page } from "../ui/Page.tsx";
import panel from "../ui/panel.module.css";
import { Empty, Failure, Loading } from "../ui/states.tsx";
import { count, percent } from "../usage/numbers.ts";
import { Standing } from "./Standing.tsx";

const TYPING_MS = 250;

const orgsQuery = (search: string) =>
  infiniteQueryOptions({
    queryKey: ["platform", "orgs", search],
    queryFn: ({ pageParam }) => listOrgs({ search, after: pageParam }),
    initialPageParam: "",
    getNextPageParam: (page) => page.next,
    placeholderData: keepPreviousData,
  });

/** All of them, counted. */
export function OrgsPage() {
  const { search = "" } = useSearch({ from: "/signed-in/platform/orgs" });
  const navigate = useNavigate({ from: "/platform/orgs" });
  const { data, error, refetch, hasNextPage, fetchNextPage, isFetchingNextPage } = useInfiniteQuery(orgsQuery(search));
  const orgs = data?.pages.flatMap(({ orgs }) => orgs);
  const seek = useDebouncedCallback((search: string) => {
    void navigate({ search: search ? { search } : {}, replace: true });
  }, TYPING_MS);
  return (
    <Page title="Organisations" lead="How many people, connectors and calls they have; never what they keep.">
      <TextInput
        type="search"
        aria-label="Search organisations"
        placeholder="Name, or name in addresses"
        maw={420}
        leftSection={<IconSearch size={15} aria-hidden />}
        defaultValue={search}
        onChange={(event) => seek(event.currentTarget.value)}
      />
      {error && <Failure error={error} onRetry={() => refetch()} />}
      {!error && !orgs && <Loading />}
      {orgs && (
        <div className={panel.panel}>{orgs.length > 0 ? <OrgTable orgs={orgs} /> : <Nothing search={search} />}</div>
      )}
      {hasNextPage && (
        <Button variant="default" mx="auto" onClick={() => fetchNextPage()} loading={isFetchingNextPage}>
          Load more
        </Button>
      )}
    </Page>
  );
}

function OrgTable({ orgs }: { orgs: CountedOrg[] }) {
  return (
    <Table.ScrollContainer minWidth={640} type="native" tabIndex={0} role="group" aria-label="Organisations">
      <Table verticalSpacing="sm" horizontalSpacing="lg">
        <Table.Thead>
          <Table.Tr>
            <Table.Th>Organisation</Table.Th>
            <Table.Th>Plan</Table.Th>
            <Table.Th ta="right">Members</Table.Th>
            <Table.Th ta="right">Connectors</Table.Th>
            <Table.Th ta="right">Calls, 24 h</Table.Th>
            <Table.Th ta="right">Failed</Table.Th>
          </Table.Tr>
        </Table.Thead>
        <Table.Tbody>
          {orgs.map((org) => (
            <Table.Tr key={org.slug}>
              <Table.Td>
                <Link to="/platform/orgs/$slug" params={{ slug: org.slug }}>
                  {org.name}
                </Link>{" "}
                <Standing org={org} />
              </Table.Td>
              <Table.Td>{org.plan}</Table.Td>
              <Table.Td ta="right">{count(org.members)}</Table.Td>
              <Table.Td ta="right">{count(org.connectors)}</Table.Td>
              <Table.Td ta="right">{count(org.calls)}</Table.Td>
              <Table.Td ta="right">{percent(org.errors, org.calls)}</Table.Td>
            </Table.Tr>
          ))}
        </Table.Tbody>
      </Table>
    </Table.ScrollContainer>
  );
}

function Nothing({ search }: { search: string }) {
  return (
    <Empty
      icon={<IconBuildingCommunity size={32} stroke={1.4} />}
      title={search ? "None is called so" : "There are none yet"}
    >
      {search ? `No organisation has “${search}” in its name.` : "People make them when they sign up."}
    </Empty>
  );
}
