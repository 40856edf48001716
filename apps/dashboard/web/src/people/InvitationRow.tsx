import { Badge, Button, Text } from "@mantine/core";
import type { Invitation, Role } from "../api/people/people.ts";
import { Ago } from "../ui/Ago.tsx";
import { EndButton } from "../ui/EndButton.tsx";
import { Failure } from "../ui/states.tsx";
import classes from "./people.module.css";
import { labelOf } from "./roles.ts";
import { useInvitation } from "./use-people.ts";

const DATE = new Intl.DateTimeFormat(undefined, { dateStyle: "medium" });

interface InvitationRowProps {
  org: { slug: string; role: Role };
  invitation: Invitation;
}

export function InvitationRow({ org, invitation }: InvitationRowProps) {
  const { sendAgain, withdraw } = useInvitation(org.slug);
  const { id, email, role, createdAt, expiresAt, expired } = invitation;
  const mayChange = role !== "owner" || org.role === "owner";
  const error = sendAgain.error ?? withdraw.error;
  return (
    <li className={classes.row}>
      <div className={classes.who}>
        <Text size="sm" fw={600} span>
          {email}
        </Text>{" "}
        {expired && (
          <Badge color="red" variant="light" size="sm">
            Expired
          </Badge>
        )}
        <Text size="sm" c="dimmed">
          Invited <Ago at={createdAt} />
          {!expired && `, until ${DATE.format(new Date(expiresAt))}`}
        </Text>
      </div>
      <Text size="sm" className={classes.role}>
        {labelOf(role)}
      </Text>
      <div className={classes.actions}>
        {mayChange && (
          <>
            <Button
              size="compact-sm"
              variant="default"
              loading={sendAgain.isPending}
              onClick={() => sendAgain.mutate(id)}
              aria-label={`${sendAgain.isSuccess ? "Sent" : "Send again"}: ${email}`}
            >
              {sendAgain.isSuccess ? "Sent" : "Send again"}
            </Button>
            <EndButton
              label="Withdraw"
              name={`the invitation for ${email}`}
              question="The link in the mail stops working."
              pending={withdraw.isPending}
              onEnd={() => withdraw.mutate(id)}
            />
          </>
        )}
      </div>
      {error && (
        <div className={classes.failure}>
          <Failure error={error} />
        </div>
      )}
    </li>
  );
}
