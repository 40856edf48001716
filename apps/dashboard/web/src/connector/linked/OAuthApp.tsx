import { Button, Code, Group, PasswordInput, Stack, Text, TextInput } from "@mantine/core";
import { useMutation, useQueryClient } from "@tanstack/react-query";
import { useState } from "react";
import { giveOAuthApp, type Linked, takeOAuthApp } from "../../api/connectors/linked.ts";
import { ApiProblem } from "../../api/problem.ts";
import { EndButton } from "../../ui/EndButton.tsx";
import { NotSaved } from "../../ui/NotSaved.tsx";
import { Failure } from "../../ui/states.tsx";
import classes from "./linked.module.css";

interface Props {
  org: string;
  slug: string;
  linked: Linked;
}

/** What Gatehouse asks the members' authorization server as: found by itself, or made there by an owner. */
export function OAuthApp({ org, slug, linked }: Props) {
  const [editing, setEditing] = useState(false);
  const queryClient = useQueryClient();
  const onSuccess = () => queryClient.invalidateQueries({ queryKey: ["connectors", org, slug] });
  const take = useMutation({ mutationFn: () => takeOAuthApp(org, slug, linked), onSuccess });
  return (
    <div className={classes.app}>
      <Stack gap="sm">
        <Group justify="space-between" align="start" gap="sm">
          <Text size="sm" className={classes.who}>
            {describe(linked.app)}
          </Text>
          <Group gap="xs">
            {linked.app?.registration === "given" && (
              <EndButton
                label="Remove"
                name="the OAuth app"
                question="Links that were made with this app cannot be renewed any more, and end when their tokens run out."
                pending={take.isPending}
                onEnd={() => take.mutate()}
              />
            )}
            {!editing && (
              <Button variant="default" size="compact-sm" onClick={() => setEditing(true)}>
                Enter an OAuth app
              </Button>
            )}
          </Group>
        </Group>
        {take.error && <Failure error={take.error} />}
        {editing && (
          <OAuthAppForm
            {...{ org, slug, linked }}
            onDone={() => {
              setEditing(false);
              void onSuccess();
            }}
            onCancel={() => setEditing(false)}
          />
        )}
      </Stack>
    </div>
  );
}

function describe(app: Linked["app"]): string {
  if (!app) return "Gatehouse registers itself at the authorization server when the first member links an account.";
  const host = URL.parse(app.issuer)?.host ?? app.issuer;
  if (app.registration === "given") return `Asks ${host} as the OAuth app ${app.clientId}.`;
  return `Has registered itself at ${host}.`;
}

function OAuthAppForm({ org, slug, linked, onDone, onCancel }: Props & { onDone: () => void; onCancel: () => void }) {
  const [clientId, setClientId] = useState("");
  const [clientSecret, setClientSecret] = useState("");
  const [shown] = useState(linked);
  const give = useMutation({
    mutationFn: (shown: Linked | null) =>
      giveOAuthApp(org, slug, { clientId, clientSecret: clientSecret || null }, shown),
    onSuccess: onDone,
  });
  const problem = give.error instanceof ApiProblem ? give.error : null;
  return (
    <form
      noValidate
      onSubmit={(event) => {
        event.preventDefault();
        give.mutate(shown);
      }}
    >
      <Stack gap="md">
        {give.error && !problem?.hasFields && (
          <NotSaved error={give.error} pending={give.isPending} onTheirs={onDone} onMine={() => give.mutate(null)} />
        )}
        <Text size="sm">
          Make an OAuth app at the service, with this redirect URI: <Code>{linked.redirectUri}</Code>
        </Text>
        <TextInput
          label="Client ID"
          value={clientId}
          error={problem?.fields.clientId}
          autoComplete="off"
          spellCheck={false}
          onChange={(event) => setClientId(event.currentTarget.value)}
        />
        <PasswordInput
          label="Client secret"
          description="Sealed, and never shown again. Leave it empty for a public client."
          value={clientSecret}
          error={problem?.fields.clientSecret}
          autoComplete="off"
          onChange={(event) => setClientSecret(event.currentTarget.value)}
        />
        <Group>
          <Button type="submit" loading={give.isPending}>
            Save
          </Button>
          <Button variant="default" onClick={onCancel}>
            Cancel
          </Button>
        </Group>
      </Stack>
    </form>
  );
}
