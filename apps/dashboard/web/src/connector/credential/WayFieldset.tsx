import { CloseButton, Fieldset, Group, NativeSelect, Stack, Text, Textarea, TextInput } from "@mantine/core";
import { SecretFields } from "./SecretFields.tsx";
import { WhoSignsIn } from "./WhoSignsIn.tsx";
import { hasSecret, type Kind, labelOf, TYPED_IN, type TypedInKind, type WayFields } from "./ways.ts";

interface WayFieldsetProps {
  way: WayFields;
  /** One sentence for each of its fields that needs attention. */
  problems: Record<string, string>;
  secretProblems: Record<string, string>;
  onChange: (way: WayFields) => void;
  onRemove: () => void;
}

export function WayFieldset({ way, problems, secretProblems, onChange, onRemove }: WayFieldsetProps) {
  const set = (change: Partial<WayFields>) => onChange({ ...way, ...change });
  const legend = labelOf(way.kind);
  return (
    <Fieldset
      legend={
        <Group gap={4}>
          {legend}
          <CloseButton size="sm" aria-label={`Remove: ${legend}`} onClick={onRemove} />
        </Group>
      }
    >
      <Stack gap="sm">
        {way.kind === "member-secret" && (
          <>
            <Textarea
              label="Where members get it"
              description="Shown to them when they are asked for it"
              value={way.instructions}
              error={problems.instructions}
              autosize
              minRows={2}
              onChange={(event) => set({ instructions: event.currentTarget.value })}
            />
            <NativeSelect
              label="It is sent as"
              value={way.as}
              data={TYPED_IN}
              onChange={(event) => set({ as: event.currentTarget.value as TypedInKind })}
            />
          </>
        )}
        <Place way={way} problems={problems} set={set} />
        {(way.kind === "client-credentials" || way.kind === "token-exchange") && (
          <TokenRequest way={way} problems={problems} set={set} />
        )}
        {isOnBehalf(way.kind) && <OnBehalfHint kind={way.kind} />}
        {way.kind === "member-oauth" && <WhoSignsIn way={way} problems={problems} set={set} />}
        {hasSecret(way.kind) && (
          <SecretFields way={way} problems={secretProblems} onChange={(secret) => set({ secret })} />
        )}
      </Stack>
    </Fieldset>
  );
}

export interface PartProps {
  way: WayFields;
  problems: Record<string, string>;
  set: (change: Partial<WayFields>) => void;
}

const PLACES: Partial<Record<Kind, string>> = {
  header: "Name of the header",
  query: "Name of the parameter",
  cookie: "Name of the cookie",
};

/** Where in a request it stands. */
function Place({ way, problems, set }: PartProps) {
  const kind = way.kind === "member-secret" ? way.as : way.kind;
  const label = PLACES[kind];
  if (!label) return null;
  return (
    <>
      <TextInput
        label={label}
        value={way.name}
        error={problems.name ?? problems["as.name"]}
        autoComplete="off"
        spellCheck={false}
        onChange={(event) => set({ name: event.currentTarget.value })}
      />
      {kind === "header" && (
        <TextInput
          label="Its value"
          description="{secret} stands for the secret, such as in: Token {secret}"
          value={way.template}
          error={problems.template ?? problems["as.template"]}
          autoComplete="off"
          spellCheck={false}
          onChange={(event) => set({ template: event.currentTarget.value })}
        />
      )}
    </>
  );
}

function TokenRequest({ way, problems, set }: PartProps) {
  return (
    <>
      <TextInput
        type="url"
        label="Token endpoint"
        placeholder="https://auth.example.com/oauth/token"
        value={way.tokenEndpoint}
        error={problems.tokenEndpoint}
        autoComplete="off"
        spellCheck={false}
        onChange={(event) => set({ tokenEndpoint: event.currentTarget.value })}
      />
      <Scopes way={way} problems={problems} set={set} />
      {way.kind === "token-exchange" && (
        <TextInput
          label="Audience"
          description="What the token is for, if the server wants to be told"
          value={way.audience}
          error={problems.audience}
          autoComplete="off"
          spellCheck={false}
          onChange={(event) => set({ audience: event.currentTarget.value })}
        />
      )}
      <NativeSelect
        label="The client's secret is sent"
        value={way.authMethod}
        data={[
          { value: "client_secret_basic", label: "in the Authorization header" },
          { value: "client_secret_post", label: "in the body" },
        ]}
        onChange={(event) => set({ authMethod: event.currentTarget.value as WayFields["authMethod"] })}
      />
    </>
  );
}

const isOnBehalf = (kind: Kind) => kind === "assertion" || kind === "token-exchange";

/** What has to be set up on the other side. */
function OnBehalfHint({ kind }: { kind: Kind }) {
  const keys = `${location.origin}/oauth/jwks`;
  return (
    <Text size="sm" c="dimmed" style={{ overflowWrap: "anywhere" }}>
      {kind === "assertion"
        ? "Each request carries a JWT (at+jwt) that names who calls, valid for a minute and for this server alone."
        : "The token endpoint is shown a JWT (at+jwt) that names who calls, and gives a token for them (RFC 8693)."}{" "}
      It is to be checked with the keys at {keys}: issuer {location.origin}, and your organisation in “org”.
    </Text>
  );
}

export function Scopes({ way, problems, set }: PartProps) {
  return (
    <TextInput
      label="Scopes"
      description="With spaces between them; leave it empty to ask for what the server suggests"
      value={way.scopes}
      error={problems.scopes}
      autoComplete="off"
      spellCheck={false}
      onChange={(event) => set({ scopes: event.currentTarget.value })}
    />
  );
}
