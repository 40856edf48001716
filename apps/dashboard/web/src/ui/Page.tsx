import { Anchor, Group, Stack, Text, Title } from "@mantine/core";
import { useDocumentTitle } from "@mantine/hooks";
import { IconChevronLeft } from "@tabler/icons-react";
import { Link } from "@tanstack/react-router";
import type { ReactNode } from "react";

interface PageProps {
  title: string;
  lead?: ReactNode;
  /** The way back up, for pages below another. */
  back?: { label: string; href: string };
  actions?: ReactNode;
  children: ReactNode;
}

export function Page({ title, lead, back, actions, children }: PageProps) {
  useDocumentTitle(`${title} · Gatehouse`);
  return (
    <Stack gap="lg">
      <Stack gap={6}>
        {back && <BackLink {...back} />}
        <Group justify="space-between" align="flex-start" gap="md">
          <Stack gap={4} flex="1 1 18rem" miw={0}>
            <Title order={1}>{title}</Title>
            {lead && (
              <Text component="div" size="sm" c="dimmed">
                {lead}
              </Text>
            )}
          </Stack>
          {actions}
        </Group>
      </Stack>
      {children}
    </Stack>
  );
}

function BackLink({ label, href }: { label: string; href: string }) {
  return (
    <Anchor component={Link} to={href} size="sm" c="dimmed" w="fit-content">
      <Group gap={2}>
        <IconChevronLeft size={16} aria-hidden />
        {label}
      </Group>
    </Anchor>
  );
}
