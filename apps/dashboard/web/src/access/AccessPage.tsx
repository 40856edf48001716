import { useOrg } from "../session.ts";
import { Page } from "../ui/Page.tsx";

/** What may call in a member's name, a section for each kind. */
export function AccessPage() {
  const org = useOrg()!;
  return (
    <Page
      title="My access"
      lead={`What may use ${org.name}'s connectors in your name. Whatever you end here stops within a second.`}
    >
      {null}
    </Page>
  );
}
