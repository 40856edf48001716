import { Group, Text } from "@mantine/core";
import { Link, Outlet, useMatchRoute } from "@tanstack/react-router";
import { useEffect } from "react";
import { stepsLeft, useFirstSteps } from "../first-steps/use-first-steps.ts";
import gate from "../gate.svg";
import { useOrg } from "../session.ts";
import { rememberOrg } from "../start/last-org.ts";
import { NotFoundAlone } from "../ui/states.tsx";
import { useCurrentInView } from "../ui/use-current-in-view.ts";
import { OrgSwitcher } from "./OrgSwitcher.tsx";
import classes from "./shell.module.css";
import { UserMenu } from "./UserMenu.tsx";

export function Shell() {
  const org = useOrg();
  const tabs = useCurrentInView();
  useEffect(() => {
    if (org) rememberOrg(org.slug);
  }, [org]);
  if (!org) return <NotFoundAlone />;
  return (
    <>
      <a className={classes.skip} href="#content">
        Skip to content
      </a>
      <header className={classes.header}>
        <div className={classes.bar}>
          <Group gap="xs" wrap="nowrap" miw={0}>
            <Link to="/$org/connectors" params={{ org: org.slug }} className={classes.brand} aria-label="Gatehouse">
              <img src={gate} width={26} height={26} alt="" />
              <Text component="span" fw={600} visibleFrom="xs">
                Gatehouse
              </Text>
            </Link>
            <span className={classes.slash} aria-hidden>
              /
            </span>
            <OrgSwitcher current={org} />
          </Group>
          <UserMenu />
        </div>
        <nav ref={tabs} className={classes.tabs} aria-label="Sections">
          <StartTab org={org.slug} />
          <Tab to="/$org/connectors" org={org.slug} label="Connectors" />
          <Tab to="/$org/access" org={org.slug} label="My access" />
          {org.mayChange && <Tab to="/$org/people" org={org.slug} label="People" />}
          {org.mayChange && <Tab to="/$org/service-accounts" org={org.slug} label="Service accounts" />}
          {org.mayAudit && <Tab to="/$org/usage" org={org.slug} label="Usage" />}
          {org.mayChange && <Tab to="/$org/limits" org={org.slug} label="Limits" />}
          {org.mayAudit && <Tab to="/$org/audit" org={org.slug} label="Audit log" />}
          {org.mayChange && <Tab to="/$org/settings" org={org.slug} label="Settings" />}
        </nav>
      </header>
      <main id="content" className={classes.main} tabIndex={-1}>
        <Outlet />
      </main>
    </>
  );
}

interface TabProps {
  to:
    | "/$org/connectors"
    | "/$org/access"
    | "/$org/people"
    | "/$org/service-accounts"
    | "/$org/usage"
    | "/$org/limits"
    | "/$org/audit"
    | "/$org/settings";
  org: string;
  label: string;
}

/** For as long as there is something left to do. */
function StartTab({ org }: { org: string }) {
  const { data: progress } = useFirstSteps();
  const isInside = Boolean(useMatchRoute()({ to: "/$org/start/$step" }));
  if (!progress || stepsLeft(progress) === 0) return null;
  return (
    <Link
      to="/$org"
      params={{ org }}
      className={isInside ? `${classes.tab} ${classes.active}` : classes.tab}
      activeOptions={{ exact: true }}
      activeProps={{ className: classes.active, "aria-current": "page" }}
    >
      Start
    </Link>
  );
}

function Tab({ to, org, label }: TabProps) {
  return (
    <Link
      to={to}
      params={{ org }}
      className={classes.tab}
      activeProps={{ className: classes.active, "aria-current": "page" }}
    >
      {label}
    </Link>
  );
}
