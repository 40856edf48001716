import { Text } from "@mantine/core";
import { infiniteQueryOptions, keepPreviousData, useInfiniteQuery } from "@tanstack/react-query";
import { useSearch } from "@tanstack/react-router";
import { pageMembers, type Role } from "../api.ts";
import { LoadMore } from "../audit/LoadMore.tsx";
import { useSession } from "../session.ts";
import { Panel } from "../ui/Panel.tsx";
import { SearchInUrl } from "../ui/SearchInUrl.tsx";
import { Failure, Loading } from "../ui/states.tsx";
import { MemberRow } from "./MemberRow.tsx";
import classes from "./people.module.css";

/** Beyond this many a list wants a search. */
const FEW = 8;
const PAGE = "50";

const membersQuery = (org: string, search: string) =>
  infiniteQueryOptions({
    queryKey: ["people", org, "members", search],
    queryFn: ({ pageParam }) =>
      pageMembers(org, { limit: PAGE, ...(search ? { search } : {}), ...(pageParam ? { after: pageParam } : {}) }),
    initialPageParam: "",
    getNextPageParam: ({ next }) => next,
    placeholderData: keepPreviousData,
  });

/** A part at a time, and found by name or address. */
export function Members({ org }: { org: { slug: string; role: Role; name: string } }) {
  const { user } = useSession();
  const { q = "" } = useSearch({ from: "/signed-in/$org/people" });
  const { data, error, refetch, hasNextPage, isFetchingNextPage, fetchNextPage } = useInfiniteQuery(
    membersQuery(org.slug, q),
  );
  const members = data?.pages.flatMap((page) => page.members) ?? [];
  return (
    <Panel title="Members" flush>
      {error && <Failure error={error} onRetry={() => refetch()} />}
      {!error && !data && <Loading />}
      {(q !== "" || hasNextPage || members.length > FEW) && (
        <SearchInUrl label="Search members" placeholder="Search names and addresses" q={q} mx="lg" mb="md" />
      )}
      <ul className={classes.list}>
        {members.map((member) => (
          <MemberRow key={member.id} org={org} member={member} isMe={member.email === user.email} />
        ))}
      </ul>
      {data && members.length === 0 && (
        <Text size="sm" c="dimmed" p="lg" role="status">
          Nobody has “{q}” in their name or address.
        </Text>
      )}
      {hasNextPage && (
        <div className={classes.newTeam}>
          <LoadMore loading={isFetchingNextPage} onLoad={() => fetchNextPage()} />
        </div>
      )}
    </Panel>
  );
}
