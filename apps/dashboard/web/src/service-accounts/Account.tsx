import { Alert, Badge, Button, Group, Text } from "@mantine/core";
import { IconPlus } from "@tabler/icons-react";
import { useMutation } from "@tanstack/react-query";
import { useState } from "react";
import access from "../access/access.module.css";
import { NewToken } from "../access/NewToken.tsx";
import { TokenRow } from "../access/TokenRow.tsx";
import { useEnd, useReadAgain } from "../access/use-access.ts";
import {
  deleteServiceAccount,
  mintServiceToken,
  type ServiceAccount,
  suspendServiceAccount,
} from "../api/clients/service-accounts.ts";
import { labelOf } from "../people/roles.ts";
import { Ago } from "../ui/Ago.tsx";
import { EndButton } from "../ui/EndButton.tsx";
import { Panel } from "../ui/Panel.tsx";

export function Account({ org, account }: { org: string; account: ServiceAccount }) {
  const { id, name, role, createdAt, suspendedAt, tokens } = account;
  const [making, setMaking] = useState(false);
  const end = useEnd(org).token;
  return (
    <Panel
      title={name}
      lead={
        <>
          {labelOf(role)} in the management API · created <Ago at={createdAt} />{" "}
          {suspendedAt && <Suspended since={suspendedAt} />}
        </>
      }
      flush
    >
      {end.error && (
        <Alert role="alert" color="red" mx="lg" mb="md" title="Not ended">
          {end.error.message}
        </Alert>
      )}
      <ul className={access.list} aria-label={`Tokens of ${name}`}>
        {tokens.map((token) => (
          <TokenRow
            key={token.id}
            token={token}
            ending={end.isPending && end.variables === token.id}
            onEnd={() => end.mutate(token.id)}
          />
        ))}
      </ul>
      <div className={access.form}>
        {making ? (
          <NewToken org={org} mint={(fields) => mintServiceToken(org, id, fields)} onDone={() => setMaking(false)} />
        ) : (
          <Actions org={org} account={account} onNewToken={() => setMaking(true)} />
        )}
      </div>
    </Panel>
  );
}

function Suspended({ since }: { since: string }) {
  return (
    <Badge color="orange" variant="light" size="sm" component="span">
      Suspended <Ago at={since} />
    </Badge>
  );
}

interface ActionsProps {
  org: string;
  account: ServiceAccount;
  onNewToken: () => void;
}

function Actions({ org, account, onNewToken }: ActionsProps) {
  const { name, suspendedAt } = account;
  const onSettled = useReadAgain(org);
  const suspend = useMutation({
    mutationFn: (suspended: boolean) => suspendServiceAccount(org, account, suspended),
    onSettled,
  });
  const remove = useMutation({ mutationFn: () => deleteServiceAccount(org, account), onSettled });
  const error = suspend.error ?? remove.error;
  return (
    <>
      {error && (
        <Text size="sm" c="red" role="alert" mb="sm">
          {error.message}
        </Text>
      )}
      <Group justify="space-between">
        <Group gap="xs">
          <Button
            variant="default"
            leftSection={<IconPlus size={16} aria-hidden />}
            onClick={onNewToken}
            aria-label={`New token for ${name}`}
          >
            New token
          </Button>
          <Button
            variant="default"
            loading={suspend.isPending}
            onClick={() => suspend.mutate(suspendedAt === null)}
            aria-label={`${suspendedAt ? "Resume" : "Suspend"} ${name}`}
          >
            {suspendedAt ? "Resume" : "Suspend"}
          </Button>
        </Group>
        <EndButton
          label="Delete"
          name={name}
          question={`${name} and all of its tokens end for good. Its name stays in the audit log.`}
          pending={remove.isPending}
          onEnd={() => remove.mutate()}
        />
      </Group>
    </>
  );
}
