import { useQuery } from "@tanstack/react-query";
import { AsSuggested } from "../connector/AsSuggested.tsx";
import { connectorQuery } from "../connector/ConnectorPage.tsx";
import { ToolList } from "../connector/ToolList.tsx";
import { Failure, Loading } from "../ui/states.tsx";
import type { StepProps } from "./StepPage.tsx";

export function ToolsStep({ org, slug }: StepProps) {
  const { data: connector, error, refetch } = useQuery(connectorQuery(org.slug, slug));
  if (error) return <Failure error={error} onRetry={() => refetch()} />;
  if (!connector) return <Loading />;
  return (
    <>
      <AsSuggested org={org.slug} slug={slug} />
      <ToolList org={org.slug} connector={connector} mayChange />
    </>
  );
}
