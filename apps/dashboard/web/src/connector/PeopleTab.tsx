import { Text } from "@mantine/core";
import { NotFound } from "../ui/states.tsx";
import { useConnector } from "./ConnectorPage.tsx";
import { isMembers } from "./credential/ways.ts";
import { LinkedPeople } from "./linked/LinkedPeople.tsx";

export function PeopleTab() {
  const { org, connector } = useConnector();
  if (!connector.access) return <NotFound />;
  if (connector.access.some(({ kind }) => isMembers(kind)))
    return <LinkedPeople org={org.slug} connector={connector} />;
  return (
    <Text size="sm" c="dimmed">
      Everybody calls {connector.name}{" "}
      {connector.access.length > 0 ? "with the organisation's own credential" : "without a credential"}, so that nobody
      links an account.
    </Text>
  );
}
