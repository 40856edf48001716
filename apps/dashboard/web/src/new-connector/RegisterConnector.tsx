import { Anchor, SegmentedControl } from "@mantine/core";
import { useQueryClient } from "@tanstack/react-query";
import { Link, useNavigate, useSearch } from "@tanstack/react-router";
import { useState } from "react";
import type { registerConnector } from "../api/connectors/connectors.ts";
import { Catalogue } from "../catalogue/Catalogue.tsx";
import { knownServer } from "../catalogue/servers.ts";
import { NewApi } from "../new-api/NewApi.tsx";
import { NewConnectorForm } from "./NewConnectorForm.tsx";
import { RegisteredWithGaps } from "./RegisteredWithGaps.tsx";
import type { Source } from "./search.ts";

type Registered = Awaited<ReturnType<typeof registerConnector>>;

const SOURCES = [
  { value: "catalogue", label: "Well-known" },
  { value: "mcp", label: "MCP URL" },
  { value: "api", label: "API description" },
];

interface RegisterConnectorProps {
  org: string;
  /** Where nothing else is chosen. */
  first: NonNullable<Source["from"]>;
  onRegistered: (slug: string) => void;
}

/** From the catalogue, by its URL, or by an API's description: the address says which. */
export function RegisterConnector({ org, first, onRegistered }: RegisterConnectorProps) {
  const { from, server } = useSearch({ strict: false }) as Source;
  const navigate = useNavigate();
  const queryClient = useQueryClient();
  const [withGaps, setWithGaps] = useState<Registered>();
  const known = knownServer(server);
  const source = known ? "catalogue" : (from ?? first);

  async function leave(slug: string): Promise<void> {
    await queryClient.invalidateQueries({ queryKey: ["connectors", org] });
    onRegistered(slug);
  }

  if (withGaps) return <RegisteredWithGaps {...withGaps} onGoOn={() => leave(withGaps.slug)} />;
  return (
    <>
      <SegmentedControl
        data={SOURCES}
        value={source}
        aria-label="What to register"
        w="fit-content"
        maw="100%"
        onChange={(value) => navigate({ to: ".", search: { from: value } as never, replace: true })}
      />
      {source === "catalogue" && !known && <Catalogue />}
      {known && (
        <Anchor component={Link} to="." search={{ from: "catalogue" } as never} size="sm" w="fit-content">
          All well-known servers
        </Anchor>
      )}
      {(known || source === "mcp") && (
        <NewConnectorForm
          key={known?.id}
          org={org}
          known={known}
          onRegistered={(made) => (made.leftOut.length > 0 ? setWithGaps(made) : leave(made.slug))}
        />
      )}
      {source === "api" && <NewApi org={org} onRegistered={leave} />}
    </>
  );
}
