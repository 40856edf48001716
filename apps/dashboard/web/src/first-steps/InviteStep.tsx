import { Alert, Button } from "@mantine/core";
import { useQueryClient } from "@tanstack/react-query";
import { Link } from "@tanstack/react-router";
import { useState } from "react";
import { InviteForm } from "../people/InviteForm.tsx";
import type { StepProps } from "./StepPage.tsx";

export function InviteStep({ org }: Pick<StepProps, "org">) {
  const [isDone, setDone] = useState(false);
  const queryClient = useQueryClient();

  async function finish(): Promise<void> {
    setDone(true);
    await queryClient.invalidateQueries({ queryKey: ["first-steps", org.slug] });
  }

  if (!isDone) return <InviteForm org={org} onDone={finish} />;
  return (
    <Alert color="teal" title="Whoever you have invited gets a mail">
      Who has joined stands on the page{" "}
      <Link to="/$org/people" params={{ org: org.slug }}>
        People
      </Link>
      .{" "}
      <Button variant="default" size="compact-sm" onClick={() => setDone(false)}>
        Invite more
      </Button>
    </Alert>
  );
}
