import { Alert, Button, Group, Text } from "@mantine/core";
import { IconPlus } from "@tabler/icons-react";
import { useState } from "react";
import { mintToken } from "../api/clients/tokens.ts";
import type { Token } from "../api/people/access.ts";
import { Panel } from "../ui/Panel.tsx";
import classes from "./access.module.css";
import { NewToken } from "./NewToken.tsx";
import { TokenRow } from "./TokenRow.tsx";
import { useEnd } from "./use-access.ts";

/** A member's own tokens. Nobody makes one for somebody else. */
export function Tokens({ org, tokens, isOwn }: { org: string; tokens: Token[]; isOwn: boolean }) {
  const [making, setMaking] = useState(false);
  const end = useEnd(org).token;
  return (
    <Panel
      title="Personal tokens"
      lead={`For clients that cannot sign in by a browser: CI, scripts, the Messages API. Whoever has one calls as ${isOwn ? "you" : "this member"}.`}
      flush
    >
      {end.error && (
        <Alert role="alert" color="red" mx="lg" mb="md" title="Not ended">
          {end.error.message}
        </Alert>
      )}
      {tokens.length === 0 && !making && (
        <Text size="sm" c="dimmed" className={classes.nothing}>
          No tokens.
        </Text>
      )}
      <ul className={classes.list}>
        {tokens.map((token) => (
          <TokenRow
            key={token.id}
            token={token}
            ending={end.isPending && end.variables === token.id}
            onEnd={() => end.mutate(token.id)}
          />
        ))}
      </ul>
      {isOwn && making && (
        <div className={classes.form}>
          <NewToken org={org} mint={(fields) => mintToken(org, fields)} onDone={() => setMaking(false)} />
        </div>
      )}
      {isOwn && !making && (
        <Group className={classes.form}>
          <Button variant="default" leftSection={<IconPlus size={16} aria-hidden />} onClick={() => setMaking(true)}>
            New token
          </Button>
        </Group>
      )}
    </Panel>
  );
}
