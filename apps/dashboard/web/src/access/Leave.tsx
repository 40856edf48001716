import { Stack } from "@mantine/core";
import { useMutation } from "@tanstack/react-query";
import { leaveOrg } from "../api/org/org.ts";
import { EndButton } from "../ui/EndButton.tsx";
import { Panel } from "../ui/Panel.tsx";
import { Failure } from "../ui/states.tsx";

export function Leave({ org: { slug, name } }: { org: { slug: string; name: string } }) {
  const leave = useMutation({ mutationFn: () => leaveOrg(slug), onSuccess: () => location.assign("/dashboard") });
  return (
    <Panel title={`Leave ${name}`} lead="To come back, somebody has to invite you.">
      <Stack align="flex-start">
        {leave.error && <Failure error={leave.error} />}
        <EndButton
          label="Leave"
          name={name}
          question={`Your access to ${name} ends within a second, and with it all that is connected in your name: apps, tokens and linked accounts.`}
          pending={leave.isPending}
          onEnd={() => leave.mutate()}
        />
      </Stack>
    </Panel>
  );
}
