import { Alert, Anchor, Text } from "@mantine/core";
import { IconCircleCheck } from "@tabler/icons-react";
import { useQuery } from "@tanstack/react-query";
import { Link } from "@tanstack/react-router";
import { ConnectPanel } from "../connect/ConnectPanel.tsx";
import { connectorQuery } from "../connector/ConnectorPage.tsx";
import { Failure, Loading } from "../ui/states.tsx";
import type { StepProps } from "./StepPage.tsx";

/** The steps for each client; it notices by itself when the first one is connected. */
export function ConnectStep({ org, slug, hasConnected }: StepProps & { hasConnected: boolean }) {
  const { data: connector, error, refetch } = useQuery(connectorQuery(org.slug, slug));
  if (error) return <Failure error={error} onRetry={() => refetch()} />;
  if (!connector) return <Loading />;
  return (
    <>
      <div role="status">
        {hasConnected ? (
          <Alert color="teal" icon={<IconCircleCheck aria-hidden />} title="A client is connected">
            {connector.name} can be used. All that happens stands under{" "}
            <Link to="/$org/usage" params={{ org: org.slug }}>
              Usage
            </Link>{" "}
            and in the{" "}
            <Link to="/$org/audit" params={{ org: org.slug }}>
              audit log
            </Link>
            .
          </Alert>
        ) : (
          <Text size="sm" c="dimmed">
            Waiting for the first client…
          </Text>
        )}
      </div>
      <ConnectPanel endpoints={[connector]} />
      <Text size="sm">
        Your colleagues find the same under <i>My access</i>.{" "}
        <Anchor component={Link} to={`/${org.slug}/connectors/${slug}/announce`}>
          Tell them by mail
        </Anchor>
      </Text>
    </>
  );
}
