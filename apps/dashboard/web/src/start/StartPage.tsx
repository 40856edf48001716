import { Button, Center, Stack, Text, Title } from "@mantine/core";
import { Navigate } from "@tanstack/react-router";
import { useSession } from "../session.ts";
import { UserMenu } from "../shell/UserMenu.tsx";
import { lastOrg } from "./last-org.ts";

export function StartPage() {
  const { orgs, mayCreateOrg } = useSession();
  const org = orgs.find(({ slug }) => slug === lastOrg()) ?? orgs[0];
  if (org) return <Navigate to="/$org/connectors" params={{ org: org.slug }} replace />;
  return (
    <Center mih="100vh" component="main">
      <Stack align="center" gap="xs" ta="center" px="md">
        <Title order={1}>You belong to no organisation yet</Title>
        <Text c="dimmed" maw={420}>
          Ask an owner of yours to invite you{mayCreateOrg ? ", or create one." : "."}
        </Text>
        {mayCreateOrg && (
          <Button component="a" href="/account/new-org">
            Create an organisation
          </Button>
        )}
        <UserMenu />
      </Stack>
    </Center>
  );
}
