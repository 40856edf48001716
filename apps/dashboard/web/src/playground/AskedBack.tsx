import { Alert, Anchor, Button, Group, Stack, Text } from "@mantine/core";
import { IconExternalLink, IconMessageQuestion } from "@tabler/icons-react";
import { useState } from "react";
import type { Asked, Question } from "./asked-back.ts";
import { SchemaForm } from "./form/SchemaForm.tsx";
import classes from "./playground.module.css";

type Reply = { action: "accept"; content?: Record<string, unknown> } | { action: "decline" };

interface AskedBackProps {
  server: string;
  asked: Asked;
  onAnswer: (round: object) => void;
}

/** One question after the other; with the last answer the call goes on. */
export function AskedBack({ server, asked: { requests, state }, onAnswer }: AskedBackProps) {
  const [replies, setReplies] = useState<Record<string, Reply>>({});
  const next = requests.find(({ id }) => !(id in replies));
  if (!next) return null;
  const reply = (reply: Reply) => {
    const all = { ...replies, [next.id]: reply };
    setReplies(all);
    if (requests.every(({ id }) => id in all)) onAnswer({ inputResponses: all, ...state });
  };
  return (
    <Alert
      color="blue"
      variant="light"
      icon={<IconMessageQuestion aria-hidden />}
      title={`${server} asks`}
      role="status"
    >
      <Stack gap="md">
        <Text size="sm" className={classes.said}>
          {next.message}
        </Text>
        <Ask key={next.id} question={next} onReply={reply} />
      </Stack>
    </Alert>
  );
}

function Ask({ question: { ask }, onReply }: { question: Question; onReply: (reply: Reply) => void }) {
  const decline = (
    <Button variant="default" onClick={() => onReply({ action: "decline" })}>
      Decline
    </Button>
  );
  if ("schema" in ask) {
    return (
      <SchemaForm schema={ask.schema} refused={{}} onSubmit={(content) => onReply({ action: "accept", content })}>
        <Group gap="sm">
          <Button type="submit">Answer</Button>
          {decline}
        </Group>
      </SchemaForm>
    );
  }
  if ("url" in ask) {
    return (
      <Stack gap="sm">
        <Text size="sm">
          It wants you to open a page at <b>{ask.url.host}</b>. Come back when you are done there.
        </Text>
        <Anchor href={ask.url.href} target="_blank" rel="noreferrer noopener" size="sm">
          Open {ask.url.host} <IconExternalLink size={14} aria-hidden />
        </Anchor>
        <Group gap="sm">
          <Button onClick={() => onReply({ action: "accept" })}>I am done, go on</Button>
          {decline}
        </Group>
      </Stack>
    );
  }
  return <Text size="sm">It asks by {ask.method}, which the dashboard cannot do. Call it from a client that can.</Text>;
}
