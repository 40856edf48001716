import { Anchor, Group, Stack, Text, Title } from "@mantine/core";
import { useDocumentTitle } from "@mantine/hooks";
import { IconChevronLeft } from "@tabler/icons-react";
import { useIsFetching } from "@tanstack/react-query";
import { Link } from "@tanstack/react-router";
import { type ReactNode, useEffect, useState } from "react";

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
      <AtOnce>{children}</AtOnce>
    </Stack>
  );
}

/** A page waits for no part of it longer. */
const PATIENCE_MS = 600;
/** What has come may ask for more. */
const SETTLED_MS = 20;

/** The parts of a page are seen once all are there, so that none is pushed about by those above it. */
function AtOnce({ children }: { children: ReactNode }) {
  const missing = useIsFetching({ predicate: ({ state }) => state.status === "pending" });
  const [isShown, setShown] = useState(false);
  useEffect(() => {
    const timer = setTimeout(setShown, missing === 0 ? SETTLED_MS : PATIENCE_MS, true);
    return () => clearTimeout(timer);
  }, [missing]);
  return (
    <Stack gap="lg" style={isShown ? undefined : { visibility: "hidden" }}>
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
