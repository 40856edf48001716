import { SegmentedControl } from "@mantine/core";
import { useQueryClient } from "@tanstack/react-query";
import { useNavigate, useSearch } from "@tanstack/react-router";
import { useState } from "react";
import type { registerConnector } from "../api.ts";
import { NewApi } from "../new-api/NewApi.tsx";
import { useOrg } from "../session.ts";
import { Page } from "../ui/Page.tsx";
import { NotFound } from "../ui/states.tsx";
import { NewConnectorForm } from "./NewConnectorForm.tsx";
import { RegisteredWithGaps } from "./RegisteredWithGaps.tsx";

type Registered = Awaited<ReturnType<typeof registerConnector>>;

const KINDS = [
  { value: "mcp", label: "MCP server" },
  { value: "api", label: "API (OpenAPI)" },
];

const LEADS = {
  mcp: "A remote MCP server that is reached by a URL. Gatehouse looks at it once, and stores which tools it has.",
  api: "An API that OpenAPI describes. You choose which of its operations become tools, and Gatehouse is their MCP server.",
};

export function NewConnectorPage() {
  const org = useOrg()!;
  const { from = "mcp" } = useSearch({ from: "/signed-in/$org/connectors/new" });
  const navigate = useNavigate();
  const queryClient = useQueryClient();
  const [withGaps, setWithGaps] = useState<Registered>();

  async function goTo(slug: string): Promise<void> {
    await queryClient.invalidateQueries({ queryKey: ["connectors", org.slug] });
    await navigate({ to: "/$org/connectors/$slug", params: { org: org.slug, slug } });
  }

  if (!org.mayChange) return <NotFound />;
  return (
    <Page
      title="Register a connector"
      lead={LEADS[from]}
      back={{ label: "Connectors", href: `/${org.slug}/connectors` }}
    >
      {withGaps ? (
        <RegisteredWithGaps org={org.slug} {...withGaps} />
      ) : (
        <>
          <SegmentedControl
            data={KINDS}
            value={from}
            aria-label="What to register"
            w="fit-content"
            onChange={(value) => navigate({ to: ".", search: value === "api" ? { from: value } : {}, replace: true })}
          />
          {from === "mcp" && (
            <NewConnectorForm
              org={org.slug}
              onRegistered={(made) => (made.leftOut.length > 0 ? setWithGaps(made) : goTo(made.slug))}
            />
          )}
          {from === "api" && <NewApi org={org.slug} onRegistered={goTo} />}
        </>
      )}
    </Page>
  );
}
