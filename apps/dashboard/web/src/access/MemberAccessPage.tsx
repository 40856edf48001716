import { useQuery } from "@tanstack/react-query";
import { useParams } from "@tanstack/react-router";
import { useOrg } from "../session.ts";
import { Page } from "../ui/Page.tsx";
import { Failure, Loading, NotFound } from "../ui/states.tsx";
import { Grants } from "./Grants.tsx";
import { Tokens } from "./Tokens.tsx";
import { accessOfMemberQuery } from "./use-access.ts";

/** What may call in another member's name, for owners and admins. */
export function MemberAccessPage() {
  const org = useOrg()!;
  const { member: id } = useParams({ strict: false });
  const access = useQuery({ ...accessOfMemberQuery(org.slug, id!), enabled: org.mayChange });
  if (!org.mayChange) return <NotFound />;
  const { member, grants, tokens } = access.data ?? {};
  return (
    <Page
      title={member ? `What ${member.name} has connected` : "Access"}
      lead={member?.email}
      back={{ label: "My access", href: `/${org.slug}/access` }}
    >
      {access.error && <Failure error={access.error} onRetry={() => access.refetch()} />}
      {access.isPending && <Loading />}
      {grants && <Grants org={org.slug} grants={grants} lead="What was let in by consent, in this member's name." />}
      {tokens && <Tokens org={org.slug} tokens={tokens} isOwn={false} />}
    </Page>
  );
}
