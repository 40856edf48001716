import { Button, Modal, Stack, Text } from "@mantine/core";
import { IconPlus } from "@tabler/icons-react";
import { useQuery } from "@tanstack/react-query";
import { useState } from "react";
import { Copyable } from "../ui/copy.tsx";
import { Panel } from "../ui/Panel.tsx";
import { Failure, Loading } from "../ui/states.tsx";
import { DeliveryRow } from "./DeliveryRow.tsx";
import classes from "./deliveries.module.css";
import { NewDeliveryForm } from "./NewDeliveryForm.tsx";
import { deliveriesQuery } from "./use-deliveries.ts";

/** Where else the audit log goes. */
export function Deliveries({ org }: { org: string }) {
  const { data, error, refetch } = useQuery(deliveriesQuery(org));
  const [adding, setAdding] = useState(false);
  const [secret, setSecret] = useState<string | null>(null);
  return (
    <Panel
      title="Where the audit log is sent"
      lead="Every row, in its order, seconds after it is written: to a webhook of yours, or to a SIEM as OTLP logs. What could not be delivered is tried again until it is."
      flush
    >
      {error && <Failure error={error} onRetry={() => refetch()} />}
      {!error && !data && <Loading />}
      <ul className={classes.list}>
        {data?.deliveries.map((delivery) => (
          <DeliveryRow key={delivery.id} org={org} delivery={delivery} onSecret={setSecret} />
        ))}
      </ul>
      <div className={classes.foot}>
        {adding ? (
          <NewDeliveryForm
            org={org}
            onDone={(secret) => {
              setAdding(false);
              setSecret(secret);
            }}
          />
        ) : (
          <Button variant="default" leftSection={<IconPlus size={16} aria-hidden />} onClick={() => setAdding(true)}>
            Send it somewhere
          </Button>
        )}
      </div>
      {secret && <Secret secret={secret} onClose={() => setSecret(null)} />}
    </Panel>
  );
}

function Secret({ secret, onClose }: { secret: string; onClose: () => void }) {
  return (
    <Modal
      opened
      onClose={onClose}
      title="Keep this secret now"
      centered
      lockScroll={false}
      closeButtonProps={{ "aria-label": "Close" }}
      closeOnClickOutside={false}
    >
      <Stack align="stretch">
        <Text size="sm">
          Whoever receives the rows verifies their signature with it, as Standard Webhooks describes. It is shown this
          once; if it gets lost, make a new one.
        </Text>
        <Copyable text={secret} label="the secret" />
        <Button ml="auto" onClick={onClose}>
          I have kept it
        </Button>
      </Stack>
    </Modal>
  );
}
