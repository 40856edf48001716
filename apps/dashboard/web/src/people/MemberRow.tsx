import { Anchor, NativeSelect, Text, VisuallyHidden } from "@mantine/core";
import { Link } from "@tanstack/react-router";
import type { Member, Role } from "../api/people/people.ts";
import { EndButton } from "../ui/EndButton.tsx";
import { Failure } from "../ui/states.tsx";
import classes from "./people.module.css";
import { labelOf, mayOf, rolesFor } from "./roles.ts";
import { useMember } from "./use-people.ts";

interface MemberRowProps {
  org: { slug: string; role: Role; name: string };
  member: Member;
  isMe: boolean;
}

export function MemberRow({ org, member, isMe }: MemberRowProps) {
  const { changeRole, remove } = useMember(org.slug);
  const { id, name, email, role } = member;
  const mayChange = role !== "owner" || org.role === "owner";
  const error = changeRole.error ?? remove.error;
  return (
    <li className={classes.row}>
      <div className={classes.who}>
        <Text size="sm" fw={600}>
          {name} {isMe && "(you)"}
        </Text>
        <Text size="sm" c="dimmed">
          {email}
        </Text>
        <Anchor component={Link} to={`/${org.slug}/access${isMe ? "" : `/${id}`}`} size="sm">
          {isMe ? "My access" : "Access"}
          {!isMe && <VisuallyHidden> of {name}</VisuallyHidden>}
        </Anchor>
      </div>
      <div className={classes.role}>
        {mayChange ? (
          <NativeSelect
            size="sm"
            aria-label={`Role of ${name}`}
            value={changeRole.isPending ? changeRole.variables.role : role}
            aria-busy={changeRole.isPending}
            onChange={({ currentTarget: { value } }) =>
              changeRole.isPending || changeRole.mutate({ member, role: value as Role })
            }
            data={rolesFor(org.role).map(({ value, label }) => ({ value, label }))}
          />
        ) : (
          <Text size="sm">{labelOf(role)}</Text>
        )}
        <Text size="xs" c="dimmed" mt={4}>
          {mayOf(role)}
        </Text>
      </div>
      <div className={classes.actions}>
        {mayChange && (
          <EndButton
            label={isMe ? "Leave" : "Remove"}
            name={isMe ? org.name : name}
            question={`${isMe ? "Your" : `${name}'s`} access to ${org.name} ends within a second, and so does that of all connected apps.`}
            pending={remove.isPending}
            onEnd={() => remove.mutate(member)}
          />
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
