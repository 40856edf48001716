import { pageInvitations, type Role } from "../api/people/people.ts";
import { LongList } from "../ui/LongList.tsx";
import { Panel } from "../ui/Panel.tsx";
import { usePages } from "../ui/use-pages.ts";
import { InvitationRow } from "./InvitationRow.tsx";
import classes from "./people.module.css";

/** Who has been invited and has not come yet. There is no such part where nobody has. */
export function Invitations({ org }: { org: { slug: string; role: Role } }) {
  const pages = usePages({
    queryKey: ["people", org.slug, "invitations"],
    read: (query) => pageInvitations(org.slug, query),
    itemsOf: ({ invitations }) => invitations,
  });
  if (!pages.error && !pages.items?.length) return null;
  return (
    <Panel title="Invited" lead="Each has a link by mail that works for seven days." flush>
      <LongList folds pages={pages} keyOf={({ id }) => id} className={classes.list}>
        {(invitation) => <InvitationRow org={org} invitation={invitation} />}
      </LongList>
    </Panel>
  );
}
