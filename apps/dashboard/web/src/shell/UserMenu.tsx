import {
  Avatar,
  Button,
  Popover,
  SegmentedControl,
  Stack,
  Text,
  UnstyledButton,
  useMantineColorScheme,
} from "@mantine/core";
import { IconLogout, IconPlus, IconServerCog, IconUserCircle } from "@tabler/icons-react";
import { useMutation } from "@tanstack/react-query";
import { Link } from "@tanstack/react-router";
import { signOut } from "../api/client.ts";
import { useSession } from "../session.ts";
import { dropDrafts } from "../ui/draft.ts";

export function UserMenu() {
  const { user, mayCreateOrg, isOperator } = useSession();
  const leave = useMutation({
    mutationFn: signOut,
    onSuccess(url) {
      dropDrafts();
      location.assign(url);
    },
  });
  return (
    <Popover position="bottom-end" width={250} trapFocus returnFocus>
      <Popover.Target>
        <UnstyledButton aria-label="Your account">
          <Avatar size={30} radius="xl" color="indigo" variant="light" aria-hidden />
        </UnstyledButton>
      </Popover.Target>
      <Popover.Dropdown p="sm" aria-label="Your account">
        <Stack gap="sm">
          <div>
            <Text size="sm" fw={500} truncate>
              {user.name}
            </Text>
            <Text size="xs" c="dimmed" truncate>
              {user.email}
            </Text>
          </div>
          <Button
            component="a"
            href="/account"
            variant="default"
            leftSection={<IconUserCircle size={16} aria-hidden />}
          >
            Your account
          </Button>
          {isOperator && (
            <Button
              component={Link}
              to="/platform/orgs"
              variant="default"
              leftSection={<IconServerCog size={16} aria-hidden />}
            >
              Operators
            </Button>
          )}
          {mayCreateOrg && (
            <Button
              component="a"
              href="/account/new-org"
              variant="default"
              leftSection={<IconPlus size={16} aria-hidden />}
            >
              New organisation
            </Button>
          )}
          <ColorScheme />
          <Button
            variant="default"
            leftSection={<IconLogout size={16} aria-hidden />}
            onClick={() => leave.mutate()}
            loading={leave.isPending}
          >
            Sign out
          </Button>
          {leave.isError && (
            <Text size="xs" c="red" role="alert">
              {leave.error.message}
            </Text>
          )}
        </Stack>
      </Popover.Dropdown>
    </Popover>
  );
}

function ColorScheme() {
  const { colorScheme, setColorScheme } = useMantineColorScheme();
  return (
    <SegmentedControl
      fullWidth
      size="xs"
      aria-label="Appearance"
      value={colorScheme}
      onChange={(value) => setColorScheme(value as typeof colorScheme)}
      data={[
        { value: "auto", label: "System" },
        { value: "light", label: "Light" },
        { value: "dark", label: "Dark" },
      ]}
    />
  );
}
