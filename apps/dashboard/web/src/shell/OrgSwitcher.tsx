import { Button, Menu, Text } from "@mantine/core";
import { IconCheck, IconSelector } from "@tabler/icons-react";
import { Link } from "@tanstack/react-router";
import { useSession } from "../session.ts";

export function OrgSwitcher({ current }: { current: { slug: string; name: string } }) {
  const { orgs } = useSession();
  if (orgs.length === 1) {
    return (
      <Text component="span" size="sm" fw={500} truncate>
        {current.name}
      </Text>
    );
  }
  return (
    <Menu position="bottom-start" width={240} withInitialFocusPlaceholder={false}>
      <Menu.Target>
        <Button
          variant="subtle"
          color="gray"
          c="var(--mantine-color-text)"
          size="compact-sm"
          fw={500}
          rightSection={<IconSelector size={14} aria-hidden />}
          aria-label={`Organisation: ${current.name}. Switch`}
        >
          {current.name}
        </Button>
      </Menu.Target>
      <Menu.Dropdown>
        {orgs.map(({ slug, name, role }) => (
          <Menu.Item
            key={slug}
            component={Link}
            to={`/${slug}/connectors`}
            rightSection={slug === current.slug ? <IconCheck size={14} aria-label="current" /> : null}
          >
            {name}
            <Text size="xs">{role}</Text>
          </Menu.Item>
        ))}
      </Menu.Dropdown>
    </Menu>
  );
}
