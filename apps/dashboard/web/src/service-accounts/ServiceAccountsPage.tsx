import { Button } from "@mantine/core";
import { IconPlus, IconRobot } from "@tabler/icons-react";
import { useState } from "react";
import { pageServiceAccounts } from "../api/clients/service-accounts.ts";
import { LoadMore } from "../audit/LoadMore.tsx";
import { useOrg } from "../session.ts";
import { Page } from "../ui/Page.tsx";
import panel from "../ui/panel.module.css";
import { Empty, Failure, Loading, NotFound } from "../ui/states.tsx";
import { usePages } from "../ui/use-pages.ts";
import { Account } from "./Account.tsx";
import { NewAccount } from "./NewAccount.tsx";

export function ServiceAccountsPage() {
  const org = useOrg()!;
  const [making, setMaking] = useState(false);
  const pages = usePages({
    queryKey: ["service-accounts", org.slug],
    read: (query) => pageServiceAccounts(org.slug, query),
    itemsOf: ({ accounts }) => accounts,
    enabled: org.mayChange,
  });
  const { items: accounts, error, refetch } = pages;
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
      {pages.hasNextPage && <LoadMore loading={pages.isFetchingNextPage} onLoad={() => pages.fetchNextPage()} />}
    </Page>
  );
}
