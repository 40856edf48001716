import { Button } from "@mantine/core";
import { IconUserPlus } from "@tabler/icons-react";
import { useQuery } from "@tanstack/react-query";
import { useState } from "react";
import { useOrg } from "../session.ts";
import { readDraft } from "../ui/draft.ts";
import { Page } from "../ui/Page.tsx";
import { Panel } from "../ui/Panel.tsx";
import { Failure, Loading, NotFound } from "../ui/states.tsx";
import { InvitationRow } from "./InvitationRow.tsx";
import { InviteForm } from "./InviteForm.tsx";
import { Members } from "./Members.tsx";
import classes from "./people.module.css";
import { Teams } from "./Teams.tsx";
import { peopleQuery } from "./use-people.ts";

/** Who is in the organisation, and who is invited. */
export function PeoplePage() {
  const org = useOrg()!;
  const [inviting, setInviting] = useState(() =>
    Boolean(readDraft<{ addresses: string }>(`${org.slug}/invite`).addresses),
  );
  const { data: people, error, refetch } = useQuery({ ...peopleQuery(org.slug), enabled: org.mayChange });
  if (!org.mayChange) return <NotFound />;
  return (
    <Page
      title="People"
      lead={`Who belongs to ${org.name}, and what they may do.`}
      actions={
        people && !inviting ? (
          <Button leftSection={<IconUserPlus size={16} aria-hidden />} onClick={() => setInviting(true)}>
            Invite
          </Button>
        ) : null
      }
    >
      {error && <Failure error={error} onRetry={() => refetch()} />}
      {!error && !people && <Loading />}
      {inviting && <InviteForm org={org} onDone={() => setInviting(false)} />}
      {people && people.invitations.length > 0 && (
        <Panel title="Invited" lead="Each has a link by mail that works for seven days." flush>
          <ul className={classes.list}>
            {people.invitations.map((invitation) => (
              <InvitationRow key={invitation.id} org={org} invitation={invitation} />
            ))}
          </ul>
        </Panel>
      )}
      {people && <Members org={org} />}
      {people && <Teams org={org.slug} members={people.members} />}
    </Page>
  );
}
