import { Button, Group, Text } from "@mantine/core";
import { IconPlayerPlay } from "@tabler/icons-react";
import { useMutation } from "@tanstack/react-query";
import { useState } from "react";
import type { Connector } from "../api/connectors/connectors.ts";
import { callFromPlayground, type PlaygroundCall } from "../api/connectors/playground.ts";
import { ApiProblem } from "../api/problem.ts";
import { Confirm } from "../clients/Confirm.tsx";
import { Panel } from "../ui/Panel.tsx";
import { Failure } from "../ui/states.tsx";
import { AskedBack } from "./AskedBack.tsx";
import { askedBackIn } from "./asked-back.ts";
import { SchemaForm } from "./form/SchemaForm.tsx";
import { Outcome } from "./Outcome.tsx";
import type { Subject } from "./offers.ts";

interface TrialProps {
  org: string;
  connector: Connector;
  subject: Subject;
}

/** One call: its arguments, what the server asks meanwhile, and what came of it. */
export function Trial({ org, connector, subject }: TrialProps) {
  const call = useMutation({ mutationFn: (call: PlaygroundCall) => callFromPlayground(org, connector.slug, call) });
  const [unconfirmed, setUnconfirmed] = useState<PlaygroundCall | null>(null);
  const mayWrite = subject.access === "write";
  const problem = call.error instanceof ApiProblem ? call.error : null;
  const asked = call.data && askedBackIn(call.data.response);

  function send(values: Record<string, unknown>): void {
    const prepared = { ...subject.callWith(values), mayWrite };
    if (mayWrite) setUnconfirmed(prepared);
    else call.mutate(prepared);
  }
  /** The same once more, with the answers. */
  function goOn(round: object): void {
    const { method, params } = call.variables!;
    call.mutate({ method, mayWrite, params: { ...params, ...round } as PlaygroundCall["params"] });
  }

  return (
    <>
      <Panel title="Arguments">
        <SchemaForm schema={subject.schema} refused={problem?.fields ?? {}} onSubmit={send}>
          <Group gap="sm">
            <Button type="submit" loading={call.isPending} leftSection={<IconPlayerPlay size={15} aria-hidden />}>
              {mayWrite ? "Call…" : "Call"}
            </Button>
            <Text size="sm" c="dimmed" role="status">
              {call.isPending ? "Waiting for the answer…" : ""}
            </Text>
          </Group>
        </SchemaForm>
      </Panel>
      {call.error && !problem?.hasFields && <Failure error={call.error} />}
      {problem?.hasFields && (
        <Text size="sm" c="var(--mantine-color-error)" role="alert">
          Nothing was sent: what does not fit is marked above.
        </Text>
      )}
      {call.data && asked && !call.isPending && (
        <AskedBack key={call.data.traceId} server={connector.name} asked={asked} onAnswer={goOn} />
      )}
      {call.data && <Outcome org={org} called={call.data} />}
      <Confirm
        opened={unconfirmed !== null}
        title={`Call ${subject.key}?`}
        action="Call it"
        pending={false}
        onCancel={() => setUnconfirmed(null)}
        onConfirm={() => {
          call.mutate(unconfirmed!);
          setUnconfirmed(null);
        }}
      >
        It is not classified as a read: it may change or delete something at {connector.name}, in your name.
      </Confirm>
    </>
  );
}
