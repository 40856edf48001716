import { useQueryClient } from "@tanstack/react-query";
import { useNavigate } from "@tanstack/react-router";
import { useState } from "react";
import type { registerConnector } from "../api.ts";
import { useOrg } from "../session.ts";
import { Page } from "../ui/Page.tsx";
import { NotFound } from "../ui/states.tsx";
import { NewConnectorForm } from "./NewConnectorForm.tsx";
import { RegisteredWithGaps } from "./RegisteredWithGaps.tsx";

type Registered = Awaited<ReturnType<typeof registerConnector>>;

export function NewConnectorPage() {
  const org = useOrg()!;
  const navigate = useNavigate();
  const queryClient = useQueryClient();
  const [withGaps, setWithGaps] = useState<Registered>();

  async function onRegistered(registered: Registered): Promise<void> {
    await queryClient.invalidateQueries({ queryKey: ["connectors", org.slug] });
    if (registered.leftOut.length > 0) return setWithGaps(registered);
    await navigate({ to: "/$org/connectors/$slug", params: { org: org.slug, slug: registered.slug } });
  }

  if (!org.mayChange) return <NotFound />;
  return (
    <Page
      title="Register a connector"
      lead="A remote MCP server that is reached by a URL. Gatehouse looks at it once, and stores which tools it has."
      back={{ label: "Connectors", href: `/${org.slug}/connectors` }}
    >
      {withGaps ? (
        <RegisteredWithGaps org={org.slug} {...withGaps} />
      ) : (
        <NewConnectorForm org={org.slug} onRegistered={onRegistered} />
      )}
    </Page>
  );
}
