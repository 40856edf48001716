import { PasswordInput, Stack, Text, Textarea, TextInput } from "@mantine/core";
import { Ago } from "../../ui/Ago.tsx";
import type { Kind, WayFields } from "./ways.ts";

interface Field {
  name: string;
  label: string;
  /** Several lines, such as PEM. */
  long?: boolean;
  shown?: boolean;
  description?: string;
}

const ONE: Field[] = [{ name: "secret", label: "Secret" }];

const CLIENT: Field[] = [
  { name: "clientId", label: "Client id", shown: true },
  { name: "clientSecret", label: "Client secret" },
];

const FIELDS: Partial<Record<Kind, Field[]>> = {
  bearer: [{ name: "secret", label: "Token" }],
  header: ONE,
  query: ONE,
  cookie: ONE,
  basic: [
    { name: "user", label: "User name", shown: true },
    { name: "password", label: "Password" },
  ],
  "client-credentials": CLIENT,
  "token-exchange": CLIENT,
  mtls: [
    { name: "certificate", label: "Certificate (PEM)", long: true },
    { name: "key", label: "Private key (PEM, without a passphrase)", long: true },
    { name: "ca", label: "The server's authority (PEM)", long: true, description: "Only where it is no public one" },
  ],
};

interface SecretFieldsProps {
  way: WayFields;
  problems: Record<string, string>;
  onChange: (secret: Record<string, string>) => void;
}

/** What is stored is never shown: it is left as it is, or typed in anew. */
export function SecretFields({ way, problems, onChange }: SecretFieldsProps) {
  const { secret, stored } = way;
  return (
    <Stack gap="sm">
      {stored && (
        <Text size="sm" c="dimmed">
          Set <Ago at={stored.setAt} />
          {stored.setBy && `, by ${stored.setBy}`}. Leave it empty to keep it.
        </Text>
      )}
      {(FIELDS[way.kind] ?? []).map(({ name, label, long, shown, description }) => {
        const common = {
          label,
          description,
          value: secret[name] ?? "",
          error: problems[name],
          autoComplete: "off",
          spellCheck: false,
          onChange: ({ currentTarget: { value } }: { currentTarget: { value: string } }) =>
            onChange({ ...secret, [name]: value }),
        };
        if (long) return <Textarea key={name} {...common} autosize minRows={2} maxRows={6} ff="monospace" />;
        if (shown) return <TextInput key={name} {...common} />;
        return (
          <PasswordInput key={name} {...common} visibilityToggleButtonProps={{ "aria-label": `Show: ${label}` }} />
        );
      })}
    </Stack>
  );
}
