import { Stack } from "@mantine/core";
import { useQuery } from "@tanstack/react-query";
import { ClientList } from "../clients/ClientList.tsx";
import { HostList } from "../clients/HostList.tsx";
import { OwnClients } from "../clients/OwnClients.tsx";
import { PolicyChoice } from "../clients/PolicyChoice.tsx";
import { Requests } from "../clients/Requests.tsx";
import { clientsQuery } from "../clients/use-clients.ts";
import { Panel } from "../ui/Panel.tsx";
import { Failure, Loading } from "../ui/states.tsx";

/** Which apps members may connect. */
export function Clients({ org }: { org: string }) {
  const { data, error, refetch } = useQuery(clientsQuery(org));
  if (error) return <Failure error={error} onRetry={() => refetch()} />;
  if (!data) return <Loading />;
  return (
    <>
      <Panel title="Clients" lead="The apps that members connect with, such as Claude.">
        <Stack gap="lg">
          <PolicyChoice org={org} policy={data.policy} />
          {data.policy === "listed" && <HostList org={org} hosts={data.hosts} />}
        </Stack>
      </Panel>
      <Requests org={org} />
      <ClientList org={org} policy={data.policy} />
      <OwnClients org={org} />
    </>
  );
}
