import { Button, Tabs, Text } from "@mantine/core";
import { IconExternalLink } from "@tabler/icons-react";
import { CLIENTS, type Endpoint, type Step } from "../../../server/people/how-to-connect.ts";
import { useSession } from "../session.ts";
import { Copyable } from "../ui/copy.tsx";
import classes from "./connect.module.css";
import { LocalAddress } from "./LocalAddress.tsx";

/** The steps for each client. Those whose makers' servers call are told what stands in the way. */
export function HowToConnect({ endpoint }: { endpoint: Endpoint }) {
  const { isPublic } = useSession();
  const first = CLIENTS.find(({ callsFromOutside }) => isPublic || !callsFromOutside)!;
  return (
    <Tabs defaultValue={first.id} keepMounted={false}>
      <Tabs.List className={classes.clients} aria-label="Clients">
        {CLIENTS.map(({ id, name }) => (
          <Tabs.Tab key={id} value={id}>
            {name}
          </Tabs.Tab>
        ))}
      </Tabs.List>
      {CLIENTS.map((client) => (
        <Tabs.Panel key={client.id} value={client.id} pt="md">
          {client.callsFromOutside && !isPublic && <LocalAddress client={client.name} />}
          {client.stepsWhileLocal && !isPublic && (
            <>
              <Heading>Until then, on this machine</Heading>
              <Steps steps={client.stepsWhileLocal(endpoint)} />
              <Heading>With a public address</Heading>
            </>
          )}
          <Steps steps={client.steps(endpoint)} />
        </Tabs.Panel>
      ))}
    </Tabs>
  );
}

function Heading({ children }: { children: string }) {
  return (
    <Text fw={600} size="sm" mt="md" mb="xs">
      {children}
    </Text>
  );
}

function Steps({ steps }: { steps: Step[] }) {
  return (
    <ol className={classes.steps}>
      {steps.map((step) => (
        <li key={step.say}>
          <Text size="sm">{step.say}</Text>
          <ToDo step={step} />
        </li>
      ))}
    </ol>
  );
}

function ToDo({ step: { copy, press } }: { step: Step }) {
  if (copy) return <Copyable text={copy.text} label={copy.label} />;
  if (!press) return null;
  return (
    <Button
      component="a"
      href={press.href}
      {...(press.href.startsWith("https:") ? { target: "_blank", rel: "noreferrer" } : {})}
      size="xs"
      w="fit-content"
      variant="default"
      rightSection={<IconExternalLink size={14} aria-hidden />}
    >
      {press.label}
    </Button>
  );
}
