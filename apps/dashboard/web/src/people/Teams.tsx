import { Anchor, Button, Group, Text, TextInput } from "@mantine/core";
import { Link } from "@tanstack/react-router";
import { type FormEvent, useState } from "react";
import { pageTeams, type Team } from "../api/people/teams.ts";
import { ApiProblem } from "../api/problem.ts";
import { EndButton } from "../ui/EndButton.tsx";
import { LongList } from "../ui/LongList.tsx";
import { Panel } from "../ui/Panel.tsx";
import { Failure } from "../ui/states.tsx";
import { usePages } from "../ui/use-pages.ts";
import classes from "./people.module.css";
import { useTeams } from "./use-teams.ts";

export function Teams({ org }: { org: string }) {
  const pages = usePages({
    queryKey: ["teams", org, "pages"],
    read: (query) => pageTeams(org, query),
    itemsOf: ({ teams }) => teams,
  });
  return (
    <Panel title="Teams" lead="Connectors and tools can be open to some teams alone." flush>
      <LongList pages={pages} keyOf={({ id }) => id} className={classes.list}>
        {(team) => <TeamRow org={org} team={team} />}
      </LongList>
      {pages.items && <NewTeam org={org} />}
    </Panel>
  );
}

function TeamRow({ org, team: { id, name, members } }: { org: string; team: Team }) {
  const { remove } = useTeams(org);
  return (
    <li className={`${classes.row} ${classes.team}`}>
      <Anchor component={Link} to={`/${org}/people/teams/${id}`} size="sm" fw={600} className={classes.who}>
        {name}
      </Anchor>
      <Text size="sm" c="dimmed">
        {members === 0 ? "Nobody yet" : members === 1 ? "1 member" : `${members.toLocaleString("en")} members`}
      </Text>
      <div className={classes.actions}>
        <EndButton
          label="Delete"
          name={`the team ${name}`}
          question="What is open to this team alone is open to nobody then."
          pending={remove.isPending}
          onEnd={() => remove.mutate(id)}
        />
      </div>
      {remove.error && (
        <div className={classes.failure}>
          <Failure error={remove.error} />
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
