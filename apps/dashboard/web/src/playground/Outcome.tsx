import { Alert, Anchor, Badge, Group, Stack, Tabs, Text } from "@mantine/core";
import { Link } from "@tanstack/react-router";
import type { Called } from "../api/connectors/playground.ts";
import { useOrg } from "../session.ts";
import { Copyable } from "../ui/copy.tsx";
import { Panel } from "../ui/Panel.tsx";
import { adviceFor } from "./advice.ts";
import { askedBackIn } from "./asked-back.ts";
import { Content } from "./Content.tsx";
import classes from "./playground.module.css";
import { Json } from "./Verbatim.tsx";

/** What came of a call: as it is meant, and as it went over the wire. */
export function Outcome({ org, called }: { org: string; called: Called }) {
  const { request, response, status, durationMs, traceId } = called;
  const { mayAudit } = useOrg()!;
  return (
    <Panel title="Answer">
      <Stack gap="md">
        <Group gap="sm" role="status">
          <Verdict called={called} />
          <Text size="sm" c="dimmed">
            {durationOf(durationMs)} · HTTP {status}
          </Text>
          {mayAudit && (
            <Anchor component={Link} to={`/${org}/audit?trace=${traceId}`} size="sm">
              In the audit log
            </Anchor>
          )}
        </Group>
        <Tabs defaultValue="answer" keepMounted={false}>
          <Tabs.List mb="md">
            <Tabs.Tab value="answer">Answer</Tabs.Tab>
            <Tabs.Tab value="response">Response</Tabs.Tab>
            <Tabs.Tab value="request">Request</Tabs.Tab>
          </Tabs.List>
          <Tabs.Panel value="answer">
            {response.error ? <Refusal error={response.error} /> : <Content result={response.result ?? {}} />}
          </Tabs.Panel>
          <Tabs.Panel value="response">
            <Json value={response} label="What came back" />
          </Tabs.Panel>
          <Tabs.Panel value="request">
            <Json value={request} label="What was sent" />
          </Tabs.Panel>
        </Tabs>
        <div>
          <Text size="sm" mb={4}>
            Trace
          </Text>
          <Copyable text={traceId} label="the trace ID" />
        </div>
      </Stack>
    </Panel>
  );
}

function Verdict({ called: { response } }: { called: Called }) {
  const { isError } = (response.result ?? {}) as { isError?: boolean };
  const [label, color] = response.error
    ? ["Failed", "red"]
    : isError
      ? ["The tool says that it failed", "orange"]
      : askedBackIn(response)
        ? ["Asks back", "blue"]
        : ["OK", "teal"];
  return (
    <Badge variant="dot" color={color}>
      {label}
    </Badge>
  );
}

function Refusal({ error }: { error: NonNullable<Called["response"]["error"]> }) {
  const { title, todo, href } = adviceFor(error);
  return (
    <Alert color="red" variant="light" title={title}>
      <Stack gap="xs" align="flex-start">
        <Text size="sm" className={classes.said}>
          {error.message}
        </Text>
        {todo && <Text size="sm">{todo}</Text>}
        {href && (
          <Anchor href={href} size="sm">
            Link your account
          </Anchor>
        )}
      </Stack>
    </Alert>
  );
}

const durationOf = (ms: number) => (ms < 1000 ? `${Math.round(ms)} ms` : `${(ms / 1000).toFixed(1)} s`);
