import { Checkbox, Radio, Stack, Text } from "@mantine/core";
import { useQuery } from "@tanstack/react-query";
import type { OpenTo } from "../../api/connectors/connectors.ts";
import type { Role } from "../../api/people/people.ts";
import { ROLES } from "../../people/roles.ts";
import { teamsQuery } from "../../people/use-teams.ts";

interface OpenToFieldProps {
  org: string;
  value: OpenTo;
  /** Who that is where nothing is said. */
  everyone: string;
  onChange: (value: OpenTo) => void;
}

/** Everybody, or whoever has one of these roles or is in one of these teams. */
export function OpenToField({ org, value, everyone, onChange }: OpenToFieldProps) {
  const { data: teams = [] } = useQuery(teamsQuery(org));
  return (
    <Stack gap="sm">
      <Radio.Group
        label="Open to"
        value={value ? "some" : "all"}
        onChange={(chosen) => onChange(chosen === "all" ? null : { roles: [], teams: [] })}
      >
        <Stack gap={6} mt={6}>
          <Radio value="all" label={everyone} />
          <Radio value="some" label="Only these" />
        </Stack>
      </Radio.Group>
      {value && (
        <Stack gap="sm" pl={28}>
          <Checkboxes
            label="Roles"
            options={ROLES}
            value={value.roles}
            onChange={(roles) => onChange({ ...value, roles: roles as Role[] })}
          />
          {teams.length > 0 && (
            <Checkboxes
              label="Teams"
              options={teams.map(({ id, name }) => ({ value: id, label: name }))}
              value={value.teams}
              onChange={(chosen) => onChange({ ...value, teams: chosen })}
            />
          )}
          {teams.length === 0 && (
            <Text size="sm" c="dimmed">
              Teams are made on the page People.
            </Text>
          )}
          {value.roles.length + value.teams.length === 0 && (
            <Text size="sm" c="dimmed" role="status">
              Nobody may use it until you choose somebody.
            </Text>
          )}
        </Stack>
      )}
    </Stack>
  );
}

interface CheckboxesProps {
  label: string;
  options: { value: string; label: string }[];
  value: string[];
  onChange: (value: string[]) => void;
}

function Checkboxes({ label, options, value, onChange }: CheckboxesProps) {
  return (
    <Checkbox.Group label={label} value={value} onChange={onChange}>
      <Stack gap={6} mt={6}>
        {options.map((option) => (
          <Checkbox key={option.value} {...option} />
        ))}
      </Stack>
    </Checkbox.Group>
  );
}
