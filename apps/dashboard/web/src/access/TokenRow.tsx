import { Badge, Text } from "@mantine/core";
import type { Token } from "../api/people/access.ts";
import { EndButton } from "../ui/EndButton.tsx";
import classes from "./access.module.css";
import { LastUsed } from "./LastUsed.tsx";
import { allowed, isForManagement } from "./scopes.ts";

const DATE = new Intl.DateTimeFormat(undefined, { dateStyle: "medium" });

function opened({ scopes, connectors }: Token): string {
  if (isForManagement(scopes)) return "The management API";
  if (!connectors) return "All connectors";
  return connectors.join(", ") || "Connectors that are gone";
}

export function TokenRow({ token, ending, onEnd }: { token: Token; ending: boolean; onEnd: () => void }) {
  const { name, scopes, expiresAt, lastUsedAt } = token;
  const hasExpired = Date.parse(expiresAt) <= Date.now();
  return (
    <li className={classes.row}>
      <div className={classes.what}>
        <Text size="sm" fw={600} span>
          {name}
        </Text>{" "}
        {hasExpired && (
          <Badge color="red" variant="light" size="sm">
            Expired
          </Badge>
        )}
        <Text size="sm" c="dimmed">
          {opened(token)} · {allowed(scopes)}
        </Text>
      </div>
      <Text size="sm" c="dimmed" component="div">
        {hasExpired ? "Expired" : "Expires"} <time dateTime={expiresAt}>{DATE.format(new Date(expiresAt))}</time>
        <br />
        <LastUsed at={lastUsedAt} />
      </Text>
      <EndButton
        label="End"
        name={name}
        question={`Whatever uses ${name} stops working within a second. A token that was ended does not come back.`}
        pending={ending}
        onEnd={onEnd}
      />
    </li>
  );
}
