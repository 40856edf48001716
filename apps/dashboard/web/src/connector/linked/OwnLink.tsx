import { Alert, Button, Stack, Text } from "@mantine/core";
import type { Connector } from "../../api/connectors/connectors.ts";

interface Props {
  connector: Connector;
  ownLink: NonNullable<Connector["ownLink"]>;
  mayChange: boolean;
}

/** Where a connector works with an account of one's own, and there is none: the way to it. */
export function OwnLink({ connector: { name, seen }, ownLink, mayChange }: Props) {
  if (ownLink.status === "live") return null;
  const ended = ownLink.status === "broken";
  return (
    <Alert
      color={ended ? "red" : "blue"}
      title={ended ? "The link to your account has ended" : "Link your own account"}
    >
      <Stack gap="sm" align="flex-start">
        <Text size="sm">
          {!seen && mayChange
            ? `${name} shows its tools only to who has an account there. Link yours, and they appear here.`
            : `${name} works with an account of your own. You link it once.`}
        </Text>
        <Button component="a" href={ownLink.connectUrl} size="sm">
          {ended ? "Link it again" : `Link your ${name} account`}
        </Button>
      </Stack>
    </Alert>
  );
}
