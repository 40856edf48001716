import { Badge, Button, Text } from "@mantine/core";
import {
  type Delivery,
  deleteDelivery,
  pauseDelivery,
  replaceDeliverySecret,
  tryDelivery,
} from "../api/audit/deliveries.ts";
import { count } from "../audit/words.ts";
import { Ago } from "../ui/Ago.tsx";
import { EndButton } from "../ui/EndButton.tsx";
import { Failure } from "../ui/states.tsx";
import classes from "./deliveries.module.css";
import { useDelivery } from "./use-deliveries.ts";

interface DeliveryRowProps {
  org: string;
  delivery: Delivery;
  onSecret: (secret: string) => void;
}

export function DeliveryRow({ org, delivery, onSecret }: DeliveryRowProps) {
  const { id, kind, target, paused } = delivery;
  const pause = useDelivery(org, (paused: boolean) => pauseDelivery(org, delivery, paused));
  const replace = useDelivery(org, () => replaceDeliverySecret(org, delivery));
  const remove = useDelivery(org, () => deleteDelivery(org, delivery));
  const tried = useDelivery(org, () => tryDelivery(org, id));
  const failure = pause.error ?? replace.error ?? remove.error ?? tried.error;
  return (
    <li className={classes.row}>
      <div className={classes.identity}>
        <Text size="sm" fw={600}>
          {target}
        </Text>
        <Text size="sm" c="dimmed" component="div">
          {kind === "webhook" ? "Webhook" : "OTLP logs"} · <Progress {...delivery} />
        </Text>
        {delivery.error && (
          <Text size="sm" c="var(--mantine-color-error)">
            {delivery.error}.{" "}
            {delivery.retryAt &&
              `Tried ${delivery.attempts === 1 ? "once" : `${delivery.attempts} times`}, and again at ${timeOf(delivery.retryAt)}.`}
          </Text>
        )}
        {tried.data && (
          <Text size="sm" role="status" c={tried.data.taken ? "dimmed" : "var(--mantine-color-error)"}>
            {tried.data.taken ? tried.data.says : `Not taken: ${tried.data.says}`}.
          </Text>
        )}
        {failure && <Failure error={failure} />}
      </div>
      {paused && (
        <Badge color="gray" variant="light">
          Paused
        </Badge>
      )}
      <div className={classes.actions}>
        <Button
          size="compact-sm"
          variant="default"
          loading={tried.isPending}
          onClick={() => tried.mutate()}
          aria-label={`Test ${target}`}
        >
          Test
        </Button>
        <Button
          size="compact-sm"
          variant="default"
          loading={pause.isPending}
          onClick={() => pause.mutate(!paused)}
          aria-label={`${paused ? "Resume" : "Pause"} ${target}`}
        >
          {paused ? "Resume" : "Pause"}
        </Button>
        {kind === "webhook" && (
          <EndButton
            label="New secret"
            name={`for ${target}`}
            question="The old one signs beside the new one for another day, and then no more."
            pending={replace.isPending}
            onEnd={() => replace.mutate(undefined, { onSuccess: onSecret })}
          />
        )}
        <EndButton
          label="Delete"
          name={target}
          question="Nothing is sent there any more. How far it had come is forgotten; the log itself stays."
          pending={remove.isPending}
          onEnd={() => remove.mutate()}
        />
      </div>
    </li>
  );
}

function Progress({ behind, deliveredSeq, deliveredAt }: Delivery) {
  const upTo = deliveredAt ? (
    <>
      delivered up to row {count(deliveredSeq)}, <Ago at={deliveredAt} />
    </>
  ) : (
    "nothing delivered yet"
  );
  return (
    <>
      {upTo}
      {behind > 0 && `; ${count(behind)} ${behind === 1 ? "row" : "rows"} behind`}
    </>
  );
}

const TIME = new Intl.DateTimeFormat(undefined, { timeStyle: "medium" });
const timeOf = (iso: string): string => TIME.format(new Date(iso));
