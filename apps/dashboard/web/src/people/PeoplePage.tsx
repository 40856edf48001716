import { Button } from "@mantine/core";
import { IconUserPlus } from "@tabler/icons-react";
import { useState } from "react";
import { useOrg } from "../session.ts";
import { readDraft } from "../ui/draft.ts";
import { Page } from "../ui/Page.tsx";
import { NotFound } from "../ui/states.tsx";
import { Invitations } from "./Invitations.tsx";
import { InviteForm } from "./InviteForm.tsx";
import { Members } from "./Members.tsx";
import { Teams } from "./Teams.tsx";

/** Who is in the organisation, and who is invited. */
export function PeoplePage() {
  const org = useOrg()!;
  const [inviting, setInviting] = useState(() =>
    Boolean(readDraft<{ addresses: string }>(`${org.slug}/invite`).addresses),
  );
  if (!org.mayChange) return <NotFound />;
  return (
    <Page
      title="People"
      lead={`Who belongs to ${org.name}, and what they may do.`}
      actions={
        inviting ? null : (
          <Button leftSection={<IconUserPlus size={16} aria-hidden />} onClick={() => setInviting(true)}>
            Invite
          </Button>
        )
      }
    >
      {inviting && <InviteForm org={org} onDone={() => setInviting(false)} />}
      <Invitations org={org} />
      <Teams org={org.slug} />
      <Members org={org} />
    </Page>
  );
}
