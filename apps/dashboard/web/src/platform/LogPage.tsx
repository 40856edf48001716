import { useSearch } from "@tanstack/react-router";
import { DEPLOYMENT } from "../api/audit/audit.ts";
import { AuditLog } from "../audit/AuditPage.tsx";

/** The deployment's own. */
export function LogPage() {
  const search = useSearch({ from: "/signed-in/platform/audit" });
  return (
    <AuditLog
      org={DEPLOYMENT}
      search={search}
      lead="What belongs to no organisation: what operators did, keys that were replaced, and who came without a valid token. Newest first."
    />
  );
}
