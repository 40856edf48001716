import { Button, Group, MultiSelect, Text, TextInput } from "@mantine/core";
import { useQuery } from "@tanstack/react-query";
import { type FormEvent, useState } from "react";
import { ApiProblem, type People, type Team } from "../api.ts";
import { EndButton } from "../ui/EndButton.tsx";
import { Panel } from "../ui/Panel.tsx";
import { Failure } from "../ui/states.tsx";
import classes from "./people.module.css";
import { teamsQuery, useTeams } from "./use-teams.ts";

interface TeamsProps {
  org: string;
  members: People["members"];
}

export function Teams({ org, members }: TeamsProps) {
  const { data: teams = [], error, refetch } = useQuery(teamsQuery(org));
  return (
    <Panel title="Teams" lead="Connectors and tools can be open to some teams alone." flush>
      {error && <Failure error={error} onRetry={() => refetch()} />}
      <ul className={classes.list}>
        {teams.map((team) => (
          <TeamRow key={team.id} org={org} team={team} members={members} />
        ))}
      </ul>
      <NewTeam org={org} />
    </Panel>
  );
}

function TeamRow({ org, team, members }: TeamsProps & { team: Team }) {
  const { setMembers, remove } = useTeams(org);
  const { id, name, memberIds } = team;
  const error = setMembers.error ?? remove.error;
  return (
    <li className={`${classes.row} ${classes.team}`}>
      <Text size="sm" fw={600} className={classes.who}>
        {name}
      </Text>
      <MultiSelect
        size="sm"
        aria-label={`Members of ${name}`}
        placeholder={memberIds.length === 0 ? "Nobody yet" : ""}
        searchable
        hidePickedOptions
        nothingFoundMessage="No other member is called so"
        data={members.map((member) => ({ value: member.id, label: `${member.name} (${member.email})` }))}
        value={memberIds}
        onChange={(chosen) => setMembers.mutate({ id, memberIds: chosen })}
      />
      <div className={classes.actions}>
        <EndButton
          label="Delete"
          name={`the team ${name}`}
          question="What is open to this team alone is open to nobody then."
          pending={remove.isPending}
          onEnd={() => remove.mutate(id)}
        />
      </div>
      {error && (
        <div className={classes.failure}>
          <Failure error={error} />
        </div>
      )}
    </li>
  );
}

function NewTeam({ org }: { org: string }) {
  const [name, setName] = useState("");
  const { create } = useTeams(org);
  const problem = create.error instanceof ApiProblem ? create.error.fields.name : undefined;

  function submit(event: FormEvent): void {
    event.preventDefault();
    create.mutate(name, { onSuccess: () => setName("") });
  }

  return (
    <form className={classes.newTeam} onSubmit={submit} noValidate>
      {create.error && !problem && <Failure error={create.error} />}
      <Group align="flex-end" gap="sm">
        <TextInput
          flex="1 1 12rem"
          maw={320}
          size="sm"
          label="New team"
          placeholder="Support"
          autoComplete="off"
          value={name}
          error={problem}
          onChange={(event) => setName(event.currentTarget.value)}
        />
        <Button type="submit" size="sm" variant="default" loading={create.isPending} disabled={name.trim() === ""}>
          Make it
        </Button>
      </Group>
    </form>
  );
}
