import { Button } from "@mantine/core";
import { IconPlus, IconRobot } from "@tabler/icons-react";
import { queryOptions, useQuery } from "@tanstack/react-query";
import { useState } from "react";
import { listServiceAccounts } from "../api/clients/service-accounts.ts";
import { useOrg } from "../session.ts";
import { Page } from "../ui/Page.tsx";
import panel from "../ui/panel.module.css";
import { Empty, Failure, Loading, NotFound } from "../ui/states.tsx";
import { Account } from "./Account.tsx";
import { NewAccount } from "./NewAccount.tsx";

const accountsQuery = (org: string) =>
  queryOptions({ queryKey: ["service-accounts", org], queryFn: () => listServiceAccounts(org) });

export function ServiceAccountsPage() {
  const org = useOrg()!;
  const [making, setMaking] = useState(false);
  const { data: accounts, error, refetch } = useQuery({ ...accountsQuery(org.slug), enabled: org.mayChange });
  if (!org.mayChange) return <NotFound />;
  const newButton = (
    <Button leftSection={<IconPlus size={16} aria-hidden />} onClick={() => setMaking(true)}>
      New service account
    </Button>
  );
  return (
    <Page
      title="Service accounts"
      lead="For machines. They belong to the organisation, call as themselves, and stay when people leave."
      actions={accounts?.length && !making ? newButton : null}
    >
      {error && <Failure error={error} onRetry={() => refetch()} />}
      {!error && !accounts && <Loading />}
      {making && <NewAccount org={org.slug} onDone={() => setMaking(false)} />}
      {accounts?.length === 0 && !making && (
        <div className={panel.panel}>
          <Empty icon={<IconRobot size={34} stroke={1.4} />} title="No service accounts yet" action={newButton}>
            A service account holds tokens for CI, agents and scripts that are nobody's own.
          </Empty>
        </div>
      )}
      {accounts?.map((account) => (
        <Account key={account.id} org={org.slug} account={account} />
      ))}
    </Page>
  );
}
