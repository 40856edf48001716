import { useNavigate } from "@tanstack/react-router";
import { useOrg } from "../session.ts";
import { Page } from "../ui/Page.tsx";
import { NotFound } from "../ui/states.tsx";
import { RegisterConnector } from "./RegisterConnector.tsx";

export function NewConnectorPage() {
  const org = useOrg()!;
  const navigate = useNavigate();
  if (!org.mayChange) return <NotFound />;
  return (
    <Page
      title="Register a connector"
      lead="A remote MCP server, or an API that OpenAPI describes. Gatehouse looks at it at once, and stores which tools it has."
      back={{ label: "Connectors", href: `/${org.slug}/connectors` }}
    >
      <RegisterConnector
        org={org.slug}
        first="mcp"
        onRegistered={(slug) => navigate({ to: "/$org/connectors/$slug", params: { org: org.slug, slug } })}
      />
    </Page>
  );
}
