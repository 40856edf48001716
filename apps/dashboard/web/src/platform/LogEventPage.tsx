import { useParams } from "@tanstack/react-router";
import { DEPLOYMENT } from "../api/audit/audit.ts";
import { EventOf } from "../audit/EventPage.tsx";

export function LogEventPage() {
  const { id } = useParams({ from: "/signed-in/platform/audit/$id" });
  return <EventOf org={DEPLOYMENT} id={id} />;
}
