import { Ago } from "../ui/Ago.tsx";

export function LastUsed({ at }: { at: string | null }) {
  if (!at) return <>Never used</>;
  return (
    <>
      Last used <Ago at={at} />
    </>
  );
}
