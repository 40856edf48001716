import { Alert } from "@mantine/core";
import { IconCircleCheck } from "@tabler/icons-react";
import { useQueryClient } from "@tanstack/react-query";
import { Link, useNavigate } from "@tanstack/react-router";
import type { FirstSteps } from "../api/org/org.ts";
import { RegisterConnector } from "../new-connector/RegisterConnector.tsx";

/** What is registered is tried at once; what was found is the next step. */
export function RegisterStep({ org, connector }: { org: string; connector: FirstSteps["connector"] }) {
  const navigate = useNavigate();
  const queryClient = useQueryClient();

  async function goOn(): Promise<void> {
    await queryClient.invalidateQueries({ queryKey: ["first-steps", org] });
    await navigate({ to: "/$org/start/$step", params: { org, step: "found" } });
  }

  if (!connector) return <RegisterConnector org={org} first="catalogue" onRegistered={goOn} />;
  return (
    <Alert color="teal" icon={<IconCircleCheck aria-hidden />} title={`${connector.name} is registered`}>
      Others are registered on the page{" "}
      <Link to="/$org/connectors" params={{ org }}>
        Connectors
      </Link>
      , now or later.
    </Alert>
  );
}
