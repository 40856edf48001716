import { Group } from "@mantine/core";
import { queryOptions, useQuery } from "@tanstack/react-query";
import { useParams } from "@tanstack/react-router";
import { readTool } from "../../api/connectors/tools.ts";
import { ApiProblem } from "../../api/problem.ts";
import { LimitsPanel } from "../../limits/LimitsPanel.tsx";
import { useOrg } from "../../session.ts";
import { Operation } from "../../ui/Operation.tsx";
import { Page } from "../../ui/Page.tsx";
import { Failure, Loading, NotFound } from "../../ui/states.tsx";
import { connectorQuery } from "../ConnectorPage.tsx";
import { shownName } from "../shown.ts";
import { ToolForm } from "./ToolForm.tsx";

const toolQuery = (org: string, slug: string, tool: string) =>
  queryOptions({ queryKey: ["connectors", org, slug, "tools", tool], queryFn: () => readTool(org, slug, tool) });

/** One tool of a connector, as its owner wants it to be. */
export function ToolPage() {
  const org = useOrg()!;
  const { slug, tool: name } = useParams({ from: "/signed-in/$org/connectors/$slug/tools/$tool" });
  const { data: connector } = useQuery({ ...connectorQuery(org.slug, slug), enabled: org.mayChange });
  const { data: tool, error, refetch } = useQuery({ ...toolQuery(org.slug, slug, name), enabled: org.mayChange });
  if (!org.mayChange || (error instanceof ApiProblem && error.status === 404)) return <NotFound />;
  return (
    <Page
      title={tool ? shownName(tool) : name}
      lead={
        tool?.operation && (
          <Group gap="4px 12px">
            <Operation operation={tool.operation} />
            {tool.tags.join(", ")}
          </Group>
        )
      }
      back={{ label: connector?.name ?? slug, href: `/${org.slug}/connectors/${slug}/tools` }}
    >
      {error && <Failure error={error} onRetry={() => refetch()} />}
      {!error && !tool && <Loading />}
      {tool && <ToolForm key={name} org={org.slug} slug={slug} tool={tool} />}
      {tool && connector && (
        <LimitsPanel
          org={org.slug}
          subject={{ subject: "tool", subjectId: `${connector.id}/${name}` }}
          what="this tool"
        />
      )}
    </Page>
  );
}
