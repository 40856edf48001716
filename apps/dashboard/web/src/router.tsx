import {
  createRootRoute,
  createRoute,
  createRouter,
  lazyRouteComponent,
  Outlet,
  redirect,
} from "@tanstack/react-router";
import { AccessPage } from "./access/AccessPage.tsx";
import { MemberAccessPage } from "./access/MemberAccessPage.tsx";
import { AuditPage } from "./audit/AuditPage.tsx";
import { ConnectorPage } from "./connector/ConnectorPage.tsx";
import { ToolPage } from "./connector/tool/ToolPage.tsx";
import { ConnectorsPage } from "./connectors/ConnectorsPage.tsx";
import { LimitsPage } from "./limits/LimitsPage.tsx";
import { NewConnectorPage } from "./new-connector/NewConnectorPage.tsx";
import { PeoplePage } from "./people/PeoplePage.tsx";
import { queryClient } from "./query-client.ts";
import { ReimportPage } from "./reimport/ReimportPage.tsx";
import { RiskPage } from "./risk/RiskPage.tsx";
import { ServiceAccountsPage } from "./service-accounts/ServiceAccountsPage.tsx";
import { sessionQuery } from "./session.ts";
import { SettingsPage } from "./settings/SettingsPage.tsx";
import { Shell } from "./shell/Shell.tsx";
import { StartPage } from "./start/StartPage.tsx";
import { Failure, Loading, NotFound } from "./ui/states.tsx";

const root = createRootRoute({ component: Outlet, notFoundComponent: NotFound });

/** Everything below it can take the session for granted. */
const signedIn = createRoute({
  getParentRoute: () => root,
  id: "signed-in",
  loader: () => queryClient.ensureQueryData(sessionQuery),
});

const start = createRoute({ getParentRoute: () => signedIn, path: "/", component: StartPage });

const orgRoute = createRoute({ getParentRoute: () => signedIn, path: "/$org", component: Shell });

const org = createRoute({
  getParentRoute: () => orgRoute,
  path: "/",
  beforeLoad({ params }) {
    throw redirect({ to: "/$org/connectors", params });
  },
});

const connectors = createRoute({ getParentRoute: () => orgRoute, path: "/connectors", component: ConnectorsPage });
const newConnector = createRoute({
  getParentRoute: () => orgRoute,
  path: "/connectors/new",
  component: NewConnectorPage,
  validateSearch: ({ from }: Record<string, unknown>): { from?: "api" } => (from === "api" ? { from } : {}),
});
const connector = createRoute({ getParentRoute: () => orgRoute, path: "/connectors/$slug", component: ConnectorPage });
const tool = createRoute({
  getParentRoute: () => orgRoute,
  path: "/connectors/$slug/tools/$tool",
  component: ToolPage,
});
const risk = createRoute({ getParentRoute: () => orgRoute, path: "/connectors/$slug/risk", component: RiskPage });
const reimport = createRoute({
  getParentRoute: () => orgRoute,
  path: "/connectors/$slug/import",
  component: ReimportPage,
});
const access = createRoute({ getParentRoute: () => orgRoute, path: "/access", component: AccessPage });
const memberAccess = createRoute({
  getParentRoute: () => orgRoute,
  path: "/access/$member",
  component: MemberAccessPage,
});
const serviceAccounts = createRoute({
  getParentRoute: () => orgRoute,
  path: "/service-accounts",
  component: ServiceAccountsPage,
});
const people = createRoute({ getParentRoute: () => orgRoute, path: "/people", component: PeoplePage });
const audit = createRoute({ getParentRoute: () => orgRoute, path: "/audit", component: AuditPage });
const limits = createRoute({ getParentRoute: () => orgRoute, path: "/limits", component: LimitsPage });
/** With its charts, which nothing else needs. */
const usage = createRoute({
  getParentRoute: () => orgRoute,
  path: "/usage",
  component: lazyRouteComponent(() => import("./usage/UsagePage.tsx"), "UsagePage"),
});
const settings = createRoute({ getParentRoute: () => orgRoute, path: "/settings", component: SettingsPage });

export const router = createRouter({
  routeTree: root.addChildren([
    signedIn.addChildren([
      start,
      orgRoute.addChildren([
        org,
        connectors,
        newConnector,
        connector,
        tool,
        risk,
        reimport,
        access,
        memberAccess,
        people,
        serviceAccounts,
        audit,
        usage,
        limits,
        settings,
      ]),
    ]),
  ]),
  basepath: "/dashboard",
  defaultPendingComponent: Loading,
  defaultErrorComponent: ({ error, reset }) => <Failure error={error as Error} onRetry={reset} />,
  scrollRestoration: true,
});

declare module "@tanstack/react-router" {
  interface Register {
    router: typeof router;
  }
}
