import { Anchor, Text } from "@mantine/core";
import { useOrg } from "../session.ts";
import { Page } from "../ui/Page.tsx";
import { Panel } from "../ui/Panel.tsx";
import { Endpoints } from "./Endpoints.tsx";
import { Grants } from "./Grants.tsx";
import { Leave } from "./Leave.tsx";
import { LinkedAccounts } from "./LinkedAccounts.tsx";
import { Members } from "./Members.tsx";
import { OwnCalls } from "./OwnCalls.tsx";
import { Tokens } from "./Tokens.tsx";
import { useOwnAccess } from "./use-access.ts";

/** What a member may use, and what may call in their name: a section for each kind. */
export function AccessPage() {
  const org = useOrg()!;
  const access = useOwnAccess(org.slug);
  return (
    <Page
      title="My access"
      lead={`What you may use in ${org.name}, and what may use it in your name. Whatever you end here stops within a second.`}
    >
      <Endpoints org={org.slug} />
      <LinkedAccounts org={org.slug} />
      <Grants org={org.slug} grants={access} lead="What you have let in, each for one connector." />
      {access.first && <Tokens org={org.slug} tokens={access.first.tokens} isOwn />}
      <OwnCalls org={org.slug} />
      <Browsers />
      {org.mayChange && <Members org={org.slug} />}
      <Leave org={org} />
    </Page>
  );
}

/** They belong to the person, not to the org, and are looked after where people sign in. */
function Browsers() {
  return (
    <Panel title="Browsers">
      <Text size="sm">
        Where you are signed in, and how to sign out elsewhere:{" "}
        <Anchor href="/account" underline="always">
          your browsers
        </Anchor>
      </Text>
    </Panel>
  );
}
