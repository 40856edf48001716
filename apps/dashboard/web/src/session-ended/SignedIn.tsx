import { Outlet } from "@tanstack/react-router";
import { lazy, Suspense } from "react";
import { useHasEnded } from "../api/ended-session.ts";

const SessionEnded = lazy(async () => ({ default: (await import("./SessionEnded.tsx")).SessionEnded }));

/** Every page for those who are signed in. */
export function SignedIn() {
  const hasEnded = useHasEnded();
  return (
    <>
      <Outlet />
      {hasEnded && (
        <Suspense>
          <SessionEnded />
        </Suspense>
      )}
    </>
  );
}
