import { TextInput } from "@mantine/core";
import { useDebouncedCallback } from "@mantine/hooks";
import { IconSearch } from "@tabler/icons-react";
import { useNavigate } from "@tanstack/react-router";

const PAUSE_MS = 250;

interface SearchInUrlProps {
  /** What is searched, and in what of it. */
  label: string;
  placeholder: string;
  q: string;
}

/** What a list is searched for stands in the address as `q`. */
export function SearchInUrl({ label, placeholder, q }: SearchInUrlProps) {
  const navigate = useNavigate();
  const search = useDebouncedCallback((wanted: string) => {
    const search = ({ q: _, ...all }: { q?: string }) => (wanted ? { ...all, q: wanted } : all);
    navigate({ to: ".", search: search as never, replace: true });
  }, PAUSE_MS);
  return (
    <TextInput
      type="search"
      w="100%"
      maw={360}
      aria-label={label}
      placeholder={placeholder}
      leftSection={<IconSearch size={15} aria-hidden />}
      defaultValue={q}
      onChange={(event) => search(event.currentTarget.value.trim())}
    />
  );
}
