import { Link } from "@tanstack/react-router";
import type { Connector } from "../api/connectors/connectors.ts";
import type { useOrg } from "../session.ts";
import { useCurrentInView } from "../ui/use-current-in-view.ts";
import { isMembers } from "./credential/ways.ts";
import classes from "./tabs.module.css";

interface Tab {
  to: string;
  label: string;
  isShown?: boolean;
}

interface ConnectorTabsProps {
  org: NonNullable<ReturnType<typeof useOrg>>;
  connector: Connector;
}

/** Each has an address of its own; those that one may not look at are not there. */
export function ConnectorTabs({ org: { slug: org, mayChange, mayAudit }, connector }: ConnectorTabsProps) {
  const { slug, access } = connector;
  const row = useCurrentInView();
  const tabs: Tab[] = [
    { to: "/$org/connectors/$slug", label: "Overview" },
    { to: "/$org/connectors/$slug/tools", label: "Tools" },
    { to: "/$org/connectors/$slug/playground", label: "Playground" },
    { to: "/$org/connectors/$slug/credential", label: "Credential", isShown: mayChange },
    {
      to: "/$org/connectors/$slug/people",
      label: "People",
      isShown: mayChange && access?.some(({ kind }) => isMembers(kind)) === true,
    },
    { to: "/$org/connectors/$slug/risk", label: "Risk report", isShown: mayChange },
    { to: "/$org/connectors/$slug/activity", label: "Activity", isShown: mayAudit },
    { to: "/$org/connectors/$slug/settings", label: "Settings", isShown: mayChange },
  ];
  return (
    <nav ref={row} className={classes.tabs} aria-label={`Sections of ${connector.name}`}>
      {tabs
        .filter(({ isShown = true }) => isShown)
        .map(({ to, label }) => (
          <Link
            key={to}
            to={to}
            params={{ org, slug } as never}
            className={classes.tab}
            activeOptions={{ exact: true, includeSearch: false }}
            activeProps={{ className: classes.active, "aria-current": "page" }}
          >
            {label}
          </Link>
        ))}
    </nav>
  );
}
