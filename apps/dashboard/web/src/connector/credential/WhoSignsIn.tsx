import { KNOWN_SERVICES } from "@gatehouse/oauth/client/known-services";
import { Anchor, NativeSelect, Text, TextInput } from "@mantine/core";
import { type PartProps, Scopes } from "./WayFieldset.tsx";
import { ENDPOINTS, type ServerFields } from "./ways.ts";

const SERVICES = [
  { value: "", label: "Whoever the server names" },
  ...Object.entries(KNOWN_SERVICES).map(([value, { name }]) => ({ value, label: name })),
  { value: ENDPOINTS, label: "Another, at addresses that I enter" },
];

const ADDRESSES: { name: keyof ServerFields; label: string; description?: string }[] = [
  { name: "authorizationEndpoint", label: "Authorization endpoint", description: "The page where members sign in" },
  { name: "tokenEndpoint", label: "Token endpoint" },
  { name: "revocationEndpoint", label: "Revocation endpoint", description: "If it has one" },
  { name: "issuer", label: "Issuer", description: "If it is not the origin of the sign-in page" },
];

/** The authorization server at which members link their accounts, and what they are asked to allow. */
export function WhoSignsIn({ way, problems, set }: PartProps) {
  const { service, server } = way;
  return (
    <>
      <NativeSelect
        label="Who signs them in"
        value={service}
        data={SERVICES}
        error={problems.service}
        onChange={(event) => set({ service: event.currentTarget.value })}
      />
      {service === ENDPOINTS &&
        ADDRESSES.map(({ name, label, description }) => (
          <TextInput
            key={name}
            type="url"
            label={label}
            description={description}
            value={server[name]}
            error={problems[`server.${name}`]}
            autoComplete="off"
            spellCheck={false}
            onChange={(event) => set({ server: { ...server, [name]: event.currentTarget.value } })}
          />
        ))}
      <Scopes way={way} problems={problems} set={set} />
      {service === ENDPOINTS && (
        <NativeSelect
          label="Between two scopes it wants"
          value={way.scopeDelimiter}
          data={[
            { value: " ", label: "a space, as OAuth says" },
            { value: ",", label: "a comma" },
          ]}
          onChange={(event) => set({ scopeDelimiter: event.currentTarget.value as " " | "," })}
        />
      )}
      <AppHint service={service} />
    </>
  );
}

/** Where somebody else issues tokens, there has to be an OAuth app that was made there. */
function AppHint({ service }: { service: string }) {
  if (service === "") return null;
  const { registerAt, name } = KNOWN_SERVICES[service] ?? {};
  return (
    <Text size="sm" c="dimmed">
      It needs an OAuth app, which you make{" "}
      {registerAt ? (
        <Anchor href={registerAt} target="_blank" rel="noreferrer" size="sm">
          at {name}
        </Anchor>
      ) : (
        "there"
      )}
      . You enter its id and secret on the connector's page, where you also find the redirect URI for it.
    </Text>
  );
}
