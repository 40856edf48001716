import { Button } from "@mantine/core";
import { useIntersection } from "@mantine/hooks";
import { useEffect } from "react";

/** What comes next is fetched a screen before its end is reached. */
export function LoadMore({ loading, onLoad }: { loading: boolean; onLoad: () => void }) {
  const { ref, entry } = useIntersection({ rootMargin: "800px" });
  const isNear = entry?.isIntersecting ?? false;
  // biome-ignore lint/correctness/useExhaustiveDependencies: what is called is new each time, and does the same
  useEffect(() => {
    if (isNear && !loading) onLoad();
  }, [isNear, loading]);
  return (
    <Button ref={ref} variant="default" mx="auto" onClick={onLoad} loading={loading}>
      Load more
    </Button>
  );
}
