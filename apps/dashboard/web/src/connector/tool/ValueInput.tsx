import { FACTS } from "@gatehouse/connectors/choice/edits";
import { Button, Group, Menu, NativeSelect, Text, TextInput } from "@mantine/core";
import { IconUser } from "@tabler/icons-react";
import type { Argument } from "./schema.ts";

const FACT_LABELS: Record<(typeof FACTS)[number], string> = {
  "member.id": "The member's id",
  "member.email": "The member's email address",
  "member.name": "The member's name",
  "member.role": "The member's role",
  "org.slug": "The organisation's name in addresses",
  "org.name": "The organisation's name",
};

const MEMBER_NAME = /\{\{\s*member\.name\s*\}\}/;

interface ValueInputProps {
  label: string;
  argument: Argument;
  value: string;
  error: string | undefined;
  onChange: (value: string) => void;
}

/** A value that is sent: as it stands, or with facts of whoever calls. */
export function ValueInput({ label, argument, value, error, onChange }: ValueInputProps) {
  const { kind, choices } = argument;
  const common = { size: "sm", label, value, error };
  if (kind === "choice" || kind === "boolean") {
    const data = [{ value: "", label: "none" }, ...(kind === "choice" ? choices : YES_OR_NO)];
    return <NativeSelect {...common} data={data} onChange={(event) => onChange(event.currentTarget.value)} />;
  }
  return (
    <>
      <Group gap="xs" align="flex-end">
        <TextInput
          {...common}
          flex="1 1 12rem"
          classNames={{ input: kind === "json" ? "mono" : "" }}
          placeholder={argument.default === undefined ? "none" : JSON.stringify(argument.default)}
          autoComplete="off"
          spellCheck={false}
          onChange={(event) => onChange(event.currentTarget.value)}
        />
        {(kind === "text" || kind === "any") && (
          <Menu position="bottom-end">
            <Menu.Target>
              <Button size="sm" variant="default" leftSection={<IconUser size={15} aria-hidden />}>
                Caller
              </Button>
            </Menu.Target>
            <Menu.Dropdown>
              {FACTS.map((fact) => (
                <Menu.Item key={fact} onClick={() => onChange(`${value}{{${fact}}}`)}>
                  {FACT_LABELS[fact]}
                </Menu.Item>
              ))}
            </Menu.Dropdown>
          </Menu>
        )}
      </Group>
      {MEMBER_NAME.test(value) && (
        <Text size="xs" c="light-dark(#7a4a00, var(--mantine-color-yellow-4))" role="status">
          Members choose their own names, and change them: it is no proof of who calls. Where that counts, use their id
          or email address.
        </Text>
      )}
    </>
  );
}

const YES_OR_NO = [
  { value: "true", label: "yes" },
  { value: "false", label: "no" },
];
