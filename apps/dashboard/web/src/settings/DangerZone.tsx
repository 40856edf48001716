import { useMutation } from "@tanstack/react-query";
import { deleteOrg } from "../api/org/org.ts";
import { Destroy } from "../ui/Destroy.tsx";
import { Panel } from "../ui/Panel.tsx";

/** For owners. */
export function DangerZone({ org: { slug, name } }: { org: { slug: string; name: string } }) {
  const remove = useMutation({
    mutationFn: (confirm: string) => deleteOrg(slug, confirm),
    onSuccess: () => location.assign("/dashboard"),
  });
  return (
    <Panel title="Danger zone">
      <Destroy
        label={`Delete ${name}`}
        confirm={slug}
        pending={remove.isPending}
        error={remove.error}
        onDestroy={remove.mutate}
      >
        Within a second every connector of {name} answers nobody, and all members and service accounts have lost their
        access. All that it kept secret is destroyed: its credentials, members' linked accounts (which are ended
        upstream first), and sealed arguments in the audit log. Nothing is handed over to anybody, and it cannot be
        undone. Whoever runs this server keeps the audit log for as long as you have set.
      </Destroy>
    </Panel>
  );
}
