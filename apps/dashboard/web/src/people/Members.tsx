import { useSearch } from "@tanstack/react-router";
import { pageMembers, type Role } from "../api/people/people.ts";
import { useSession } from "../session.ts";
import { LongList } from "../ui/LongList.tsx";
import { Panel } from "../ui/Panel.tsx";
import { usePages } from "../ui/use-pages.ts";
import { MemberRow } from "./MemberRow.tsx";
import classes from "./people.module.css";

const SEARCH = { label: "Search members", placeholder: "Search names and addresses" };

export function Members({ org }: { org: { slug: string; role: Role; name: string } }) {
  const { user } = useSession();
  const { q = "" } = useSearch({ from: "/signed-in/$org/people" });
  const pages = usePages({
    queryKey: ["people", org.slug, "members"],
    read: (query) => pageMembers(org.slug, query),
    itemsOf: ({ members }) => members,
    q,
  });
  return (
    <Panel title="Members" flush>
      <LongList pages={pages} keyOf={({ id }) => id} search={SEARCH} className={classes.list}>
        {(member) => <MemberRow org={org} member={member} isMe={member.email === user.email} />}
      </LongList>
    </Panel>
  );
}
