import {
  createRootRoute,
  createRoute,
  createRouter,
  lazyRouteComponent,
  Outlet,
  redirect,
} from "@tanstack/react-router";
import { readSearch } from "./audit/search.ts";
import { readToolSearch } from "./connector/tool-search.ts";
import { readSource } from "./new-connector/search.ts";
import { readPlaygroundSearch } from "./playground/search.ts";
import { queryClient } from "./query-client.ts";
import { sessionQuery } from "./session.ts";
import { SignedIn } from "./session-ended/SignedIn.tsx";
import { Shell } from "./shell/Shell.tsx";
import { StartPage } from "./start/StartPage.tsx";
import { Failure, Loading, NotFound, NotFoundAlone } from "./ui/states.tsx";
import { readDays } from "./usage/days.ts";

/** What a list is searched for. */
const readSought = ({ q }: Record<string, unknown>): { q?: string } => (typeof q === "string" ? { q } : {});

const root = createRootRoute({ component: Outlet, notFoundComponent: NotFoundAlone });

/** Whoever was signed out of a page that is open comes back to it. */
const signedInAgain = createRoute({
  getParentRoute: () => root,
  path: "/sign-in/done",
  component: lazyRouteComponent(() => import("./session-ended/SignedInPage.tsx"), "SignedInPage"),
});

/** Everything below it can take the session for granted. */
const signedIn = createRoute({
  getParentRoute: () => root,
  id: "signed-in",
  component: SignedIn,
  loader: () => queryClient.ensureQueryData(sessionQuery),
});

const start = createRoute({ getParentRoute: () => signedIn, path: "/", component: StartPage });

const orgRoute = createRoute({
  getParentRoute: () => signedIn,
  path: "/$org",
  component: Shell,
  notFoundComponent: NotFound,
});

const org = createRoute({
  getParentRoute: () => orgRoute,
  path: "/",
  component: lazyRouteComponent(() => import("./first-steps/FirstStepsPage.tsx"), "FirstStepsPage"),
});
const step = createRoute({
  getParentRoute: () => orgRoute,
  path: "/start/$step",
  component: lazyRouteComponent(() => import("./first-steps/StepPage.tsx"), "StepPage"),
  validateSearch: (search: Record<string, unknown>) => ({ ...readSource(search), ...readToolSearch(search) }),
});

const connectors = createRoute({
  getParentRoute: () => orgRoute,
  path: "/connectors",
  component: lazyRouteComponent(() => import("./connectors/ConnectorsPage.tsx"), "ConnectorsPage"),
  validateSearch: readSought,
});
const newConnector = createRoute({
  getParentRoute: () => orgRoute,
  path: "/connectors/new",
  component: lazyRouteComponent(() => import("./new-connector/NewConnectorPage.tsx"), "NewConnectorPage"),
  validateSearch: readSource,
});
const connector = createRoute({
  getParentRoute: () => orgRoute,
  path: "/connectors/$slug",
  component: lazyRouteComponent(() => import("./connector/ConnectorPage.tsx"), "ConnectorPage"),
});
const connectorTabs = [
  createRoute({
    getParentRoute: () => connector,
    path: "/",
    component: lazyRouteComponent(() => import("./connector/Overview.tsx"), "Overview"),
  }),
  createRoute({
    getParentRoute: () => connector,
    path: "/tools",
    component: lazyRouteComponent(() => import("./connector/ToolsTab.tsx"), "ToolsTab"),
    validateSearch: readToolSearch,
  }),
  createRoute({
    getParentRoute: () => connector,
    path: "/playground",
    component: lazyRouteComponent(() => import("./playground/PlaygroundTab.tsx"), "PlaygroundTab"),
    validateSearch: readPlaygroundSearch,
  }),
  createRoute({
    getParentRoute: () => connector,
    path: "/credential",
    component: lazyRouteComponent(() => import("./connector/CredentialTab.tsx"), "CredentialTab"),
  }),
  createRoute({
    getParentRoute: () => connector,
    path: "/people",
    component: lazyRouteComponent(() => import("./connector/PeopleTab.tsx"), "PeopleTab"),
    validateSearch: readSought,
  }),
  createRoute({
    getParentRoute: () => connector,
    path: "/risk",
    component: lazyRouteComponent(() => import("./risk/RiskTab.tsx"), "RiskTab"),
  }),
  createRoute({
    getParentRoute: () => connector,
    path: "/activity",
    component: lazyRouteComponent(() => import("./connector/ActivityTab.tsx"), "ActivityTab"),
  }),
  createRoute({
    getParentRoute: () => connector,
    path: "/settings",
    component: lazyRouteComponent(() => import("./connector/settings/SettingsTab.tsx"), "SettingsTab"),
  }),
] as const;
const announce = createRoute({
  getParentRoute: () => orgRoute,
  path: "/connectors/$slug/announce",
  component: lazyRouteComponent(() => import("./announce/AnnouncePage.tsx"), "AnnouncePage"),
});
const tool = createRoute({
  getParentRoute: () => orgRoute,
  path: "/connectors/$slug/tools/$tool",
  component: lazyRouteComponent(() => import("./connector/tool/ToolPage.tsx"), "ToolPage"),
});
const reimport = createRoute({
  getParentRoute: () => orgRoute,
  path: "/connectors/$slug/import",
  component: lazyRouteComponent(() => import("./reimport/ReimportPage.tsx"), "ReimportPage"),
});
const access = createRoute({
  getParentRoute: () => orgRoute,
  path: "/access",
  component: lazyRouteComponent(() => import("./access/AccessPage.tsx"), "AccessPage"),
  validateSearch: readSought,
});
const memberAccess = createRoute({
  getParentRoute: () => orgRoute,
  path: "/access/$member",
  component: lazyRouteComponent(() => import("./access/MemberAccessPage.tsx"), "MemberAccessPage"),
});
const serviceAccounts = createRoute({
  getParentRoute: () => orgRoute,
  path: "/service-accounts",
  component: lazyRouteComponent(() => import("./service-accounts/ServiceAccountsPage.tsx"), "ServiceAccountsPage"),
});
const people = createRoute({
  getParentRoute: () => orgRoute,
  path: "/people",
  component: lazyRouteComponent(() => import("./people/PeoplePage.tsx"), "PeoplePage"),
  validateSearch: readSought,
});
const team = createRoute({
  getParentRoute: () => orgRoute,
  path: "/people/teams/$team",
  component: lazyRouteComponent(() => import("./people/TeamPage.tsx"), "TeamPage"),
  validateSearch: readSought,
});
const audit = createRoute({
  getParentRoute: () => orgRoute,
  path: "/audit",
  component: lazyRouteComponent(() => import("./audit/AuditPage.tsx"), "AuditPage"),
  validateSearch: readSearch,
});
const auditIntegrity = createRoute({
  getParentRoute: () => orgRoute,
  path: "/audit/integrity",
  component: lazyRouteComponent(() => import("./audit/Integrity.tsx"), "IntegrityPage"),
});
const auditEvent = createRoute({
  getParentRoute: () => orgRoute,
  path: "/audit/$id",
  component: lazyRouteComponent(() => import("./audit/EventPage.tsx"), "EventPage"),
});
const limits = createRoute({
  getParentRoute: () => orgRoute,
  path: "/limits",
  component: lazyRouteComponent(() => import("./limits/LimitsPage.tsx"), "LimitsPage"),
});
const usage = createRoute({
  getParentRoute: () => orgRoute,
  path: "/usage",
  component: lazyRouteComponent(() => import("./usage/UsagePage.tsx"), "UsagePage"),
  validateSearch: readDays,
});
const settings = createRoute({
  getParentRoute: () => orgRoute,
  path: "/settings",
  component: lazyRouteComponent(() => import("./settings/SettingsPage.tsx"), "SettingsPage"),
  validateSearch: readSought,
});

const platform = createRoute({
  getParentRoute: () => signedIn,
  path: "/platform",
  component: lazyRouteComponent(() => import("./platform/PlatformShell.tsx"), "PlatformShell"),
  notFoundComponent: NotFound,
});
const platformPages = [
  createRoute({
    getParentRoute: () => platform,
    path: "/",
    beforeLoad() {
      throw redirect({ to: "/platform/orgs" });
    },
  }),
  createRoute({
    getParentRoute: () => platform,
    path: "/orgs",
    component: lazyRouteComponent(() => import("./platform/OrgsPage.tsx"), "OrgsPage"),
    validateSearch: ({ search }: Record<string, unknown>): { search?: string } =>
      typeof search === "string" ? { search } : {},
  }),
  createRoute({
    getParentRoute: () => platform,
    path: "/orgs/$slug",
    component: lazyRouteComponent(() => import("./platform/OrgPage.tsx"), "OrgPage"),
  }),
  createRoute({
    getParentRoute: () => platform,
    path: "/plans",
    component: lazyRouteComponent(() => import("./platform/PlansPage.tsx"), "PlansPage"),
  }),
  createRoute({
    getParentRoute: () => platform,
    path: "/audit",
    component: lazyRouteComponent(() => import("./platform/LogPage.tsx"), "LogPage"),
    validateSearch: readSearch,
  }),
  createRoute({
    getParentRoute: () => platform,
    path: "/audit/$id",
    component: lazyRouteComponent(() => import("./platform/LogEventPage.tsx"), "LogEventPage"),
  }),
  createRoute({
    getParentRoute: () => platform,
    path: "/health",
    component: lazyRouteComponent(() => import("./platform/HealthPage.tsx"), "HealthPage"),
  }),
] as const;

export const router = createRouter({
  routeTree: root.addChildren([
    signedInAgain,
    signedIn.addChildren([
      start,
      platform.addChildren(platformPages),
      orgRoute.addChildren([
        org,
        step,
        connectors,
        newConnector,
        connector.addChildren(connectorTabs),
        announce,
        tool,
        reimport,
        access,
        memberAccess,
        people,
        team,
        serviceAccounts,
        audit,
        auditIntegrity,
        auditEvent,
        usage,
        limits,
        settings,
      ]),
    ]),
  ]),
  basepath: "/dashboard",
  // A page is loaded when somebody is about to go to it.
  defaultPreload: "intent",
  defaultPendingComponent: Loading,
  defaultErrorComponent: ({ error, reset }) => <Failure error={error as Error} onRetry={reset} />,
  scrollRestoration: true,
});

declare module "@tanstack/react-router" {
  interface Register {
    router: typeof router;
  }
}
