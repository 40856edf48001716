import { useParams } from "@tanstack/react-router";
import { useOrg } from "../session.ts";
import { Page } from "../ui/Page.tsx";
import { NotFound } from "../ui/states.tsx";
import { Grants } from "./Grants.tsx";
import { Tokens } from "./Tokens.tsx";
import { useAccessOfMember } from "./use-access.ts";

/** What may call in another member's name, for owners and admins. */
export function MemberAccessPage() {
  const org = useOrg()!;
  const { member: id } = useParams({ strict: false });
  const access = useAccessOfMember(org.slug, id!, org.mayChange);
  if (!org.mayChange) return <NotFound />;
  const { member, tokens } = access.first ?? {};
  return (
    <Page
      title={member ? `What ${member.name} has connected` : "Access"}
      lead={member?.email}
      back={{ label: "My access", href: `/${org.slug}/access` }}
    >
      <Grants org={org.slug} grants={access} lead="What was let in by consent, in this member's name." />
      {tokens && <Tokens org={org.slug} tokens={tokens} isOwn={false} />}
    </Page>
  );
}
