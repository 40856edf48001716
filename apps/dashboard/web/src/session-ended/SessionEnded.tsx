import { Button, Stack, Text, Title } from "@mantine/core";
import { useQueryClient } from "@tanstack/react-query";
import { useEffect, useId, useRef } from "react";
import { findSession, signInAddress } from "../api/client.ts";
import { goOn } from "../api/ended-session.ts";
import { sessionQuery, useSession } from "../session.ts";
import { dropDrafts } from "../ui/draft.ts";
import classes from "./session-ended.module.css";
import { SIGNED_IN, SIGNED_IN_PATH } from "./signed-in.ts";

/**
 * Somebody signs in again beside the page, which goes on where it was. It comes with the page: by the time that it is needed the
 * server may have another release of it.
 */
export function SessionEnded() {
  const { user } = useSession();
  const queryClient = useQueryClient();
  const elsewhere = useRef<Window>(null);
  const dialog = useRef<HTMLDialogElement>(null);
  const title = useId();

  useEffect(() => dialog.current!.showModal(), []);

  useEffect(() => {
    async function look(): Promise<void> {
      const session = await findSession().catch(() => null);
      if (!session) return;
      if (session.user.email !== user.email) return startAnew();
      queryClient.setQueryData(sessionQuery.queryKey, session);
      goOn();
    }
    const channel = new BroadcastChannel(SIGNED_IN);
    channel.addEventListener("message", look);
    window.addEventListener("focus", look);
    return () => {
      channel.close();
      window.removeEventListener("focus", look);
    };
  }, [user.email, queryClient]);

  function signIn(): void {
    if (elsewhere.current && !elsewhere.current.closed) elsewhere.current.focus();
    else elsewhere.current = window.open(signInAddress(SIGNED_IN_PATH));
  }

  return (
    <dialog
      ref={dialog}
      className={classes.dialog}
      aria-labelledby={title}
      onCancel={(event) => event.preventDefault()}
    >
      <Stack gap="md" align="flex-start">
        <Title order={2} id={title}>
          You have been signed out
        </Title>
        <Text size="sm">
          Sign in again as {user.email}, in a new window, and go on here where you were. What you have typed is still
          here.
        </Text>
        <Button onClick={signIn}>Sign in again</Button>
      </Stack>
    </dialog>
  );
}

/** What the page shows is another's, and so is what was typed. */
function startAnew(): void {
  dropDrafts();
  location.reload();
}
