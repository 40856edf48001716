import { Deliveries } from "../deliveries/Deliveries.tsx";
import { useOrg } from "../session.ts";
import { Page } from "../ui/Page.tsx";
import { NotFound } from "../ui/states.tsx";
import { AuditSettings } from "./AuditSettings.tsx";
import { Clients } from "./Clients.tsx";
import { DangerZone } from "./DangerZone.tsx";
import { OrgName } from "./OrgName.tsx";
import { TokenLifetimes } from "./TokenLifetimes.tsx";

/** What owners and admins decide for the whole organisation, a section for each subject. */
export function SettingsPage() {
  const org = useOrg()!;
  if (!org.mayChange) return <NotFound />;
  return (
    <Page title="Settings" lead={`What ${org.name} allows, and to whom.`}>
      <OrgName key={org.name} org={org} />
      <Clients org={org.slug} />
      <TokenLifetimes org={org.slug} />
      <AuditSettings org={org.slug} mayChange={org.role === "owner"} />
      {org.role === "owner" && <Deliveries org={org.slug} />}
      {org.role === "owner" && <DangerZone org={org} />}
    </Page>
  );
}
