import { Alert, Stack, Tabs, Text, TextInput } from "@mantine/core";
import { IconWorldOff } from "@tabler/icons-react";
import { useState } from "react";
import { useOrg } from "../session.ts";
import { Copyable } from "../ui/copy.tsx";

const EXAMPLE = "gatehouse.example.com";

/** Whoever calls from outside cannot reach this address: what to do about it, with the addresses filled in. */
export function LocalAddress({ client }: { client: string }) {
  const mayChange = useOrg()?.mayChange === true;
  return (
    <Alert
      color="yellow"
      mb="md"
      icon={<IconWorldOff aria-hidden />}
      title={`${client} reaches only public https addresses`}
    >
      <Stack gap="sm">
        <Text size="sm">
          This Gatehouse is at {location.origin}, where Anthropic's servers cannot call it. Claude Code, Cursor and VS
          Code on your machine can.{" "}
          {mayChange
            ? `To let ${client} in, give it a public name, in one of two ways:`
            : "Whoever runs it can give it a public address: ask them."}
        </Text>
        {mayChange && <Ways />}
      </Stack>
    </Alert>
  );
}

function Ways() {
  const [typed, setTyped] = useState("");
  const name = typed.trim().toLowerCase() || EXAMPLE;
  return (
    <>
      <TextInput
        size="sm"
        maw={360}
        label="Its public name"
        description="A name in a domain of yours; it is filled in below"
        placeholder={EXAMPLE}
        autoComplete="off"
        spellCheck={false}
        value={typed}
        onChange={(event) => setTyped(event.currentTarget.value)}
      />
      <Tabs defaultValue="proxy" keepMounted={false} variant="outline">
        <Tabs.List aria-label="Ways to a public address">
          <Tabs.Tab value="proxy">Reverse proxy</Tabs.Tab>
          <Tabs.Tab value="tunnel">Tunnel</Tabs.Tab>
        </Tabs.List>
        <Tabs.Panel value="proxy" pt="sm">
          <ReverseProxy name={name} />
        </Tabs.Panel>
        <Tabs.Panel value="tunnel" pt="sm">
          <Tunnel name={name} />
        </Tabs.Panel>
      </Tabs>
    </>
  );
}

function ReverseProxy({ name }: { name: string }) {
  return (
    <Stack gap="xs">
      <Text size="sm">
        On a machine with a public address, point {name} at it by DNS, open the ports 80 and 443, and install Caddy,
        which gets the certificate by itself (ACME). Its Caddyfile:
      </Text>
      <Copyable
        label="the Caddyfile"
        text={`${name} {\n  reverse_proxy ${location.host} {\n    flush_interval -1\n  }\n}`}
      />
      <Restart name={name} />
    </Stack>
  );
}

/** A quick tunnel, without a name of one's own, passes no event streams on. */
function Tunnel({ name }: { name: string }) {
  const commands = [
    "cloudflared tunnel login",
    "cloudflared tunnel create gatehouse",
    `cloudflared tunnel route dns gatehouse ${name}`,
    `cloudflared tunnel run --url ${location.origin} gatehouse`,
  ];
  return (
    <Stack gap="xs">
      <Text size="sm">On this machine, with cloudflared and a domain at Cloudflare; no port has to be opened:</Text>
      <Copyable label="the commands" text={commands.join("\n")} />
      <Restart name={name} />
    </Stack>
  );
}

function Restart({ name }: { name: string }) {
  return (
    <>
      <Text size="sm">
        Then start Gatehouse anew with its public URL, the master key that it has made (in its data directory), and the
        proxy that it trusts. Connectors' addresses change with it: what is connected already is connected anew.
      </Text>
      <Copyable
        label="the environment"
        text={[
          `PUBLIC_URL=https://${name}`,
          "GATEHOUSE_MASTER_KEY_FILE=.gatehouse/master-key",
          "TRUSTED_PROXIES=127.0.0.1",
        ].join("\n")}
      />
    </>
  );
}
