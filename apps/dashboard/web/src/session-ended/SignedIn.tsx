import { Outlet } from "@tanstack/react-router";
import { useHasEnded } from "../api/ended-session.ts";
import { SessionEnded } from "./SessionEnded.tsx";

/** Every page for those who are signed in. */
export function SignedIn() {
  const hasEnded = useHasEnded();
  return (
    <>
      <Outlet />
      {hasEnded && <SessionEnded />}
    </>
  );
}
