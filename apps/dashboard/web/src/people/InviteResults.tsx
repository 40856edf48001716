import { Alert, List, Text } from "@mantine/core";
import type { Invited } from "../api/people/people.ts";
import classes from "./people.module.css";

const TIME = new Intl.DateTimeFormat(undefined, { timeStyle: "short" });

const REASONS = {
  member: "is a member already",
  already_invited: "is invited already",
  repeated: "is in the list twice",
  not_an_address: "is not a whole email address, such as ada@example.com",
  later: "is for later",
};

/** What became of each who was not invited, and how many were. */
export function InviteResults({ invited: { results, moreAt } }: { invited: Invited }) {
  const left = results.flatMap(({ entry, result }) => (result === "invited" ? [] : [{ entry, result }]));
  const count = results.length - left.length;
  return (
    <Alert role="status" color={left.length === 0 ? "teal" : "yellow"} title={titleOf(count)}>
      <List size="sm" className={classes.results}>
        {left.map(({ entry, result }, at) => (
          // biome-ignore lint/suspicious/noArrayIndexKey: an entry may come twice, and the list never changes
          <List.Item key={at}>
            <b>{entry}</b> {REASONS[result]}
          </List.Item>
        ))}
      </List>
      {left.some(({ result }) => result === "later") && (
        <Text size="sm" mt="xs">
          {moreAt
            ? `More invitations can be sent from ${TIME.format(new Date(moreAt))} on.`
            : "As many as may wait are waiting. Withdraw those that nobody will accept."}
        </Text>
      )}
    </Alert>
  );
}

function titleOf(count: number): string {
  if (count === 0) return "Nobody was invited";
  return count === 1 ? "One person was invited" : `${count} people were invited`;
}
