import { MultiSelect, type MultiSelectProps, Select, type SelectProps } from "@mantine/core";
import { useDebouncedValue } from "@mantine/hooks";
import { keepPreviousData, useQuery } from "@tanstack/react-query";
import { useState } from "react";

const PAUSE_MS = 250;

export interface Option {
  value: string;
  label: string;
}

interface Sought {
  queryKey: readonly unknown[];
  /** What is offered for what has been typed. */
  find: (search: string) => Promise<Option[]>;
  /** What nobody has found. */
  nothing: string;
}

/** The server looks, so that there may be any number to choose among. What is chosen stays among what is offered. */
function useSought({ queryKey, find, nothing }: Sought, chosen: Option[]) {
  const [typed, setTyped] = useState("");
  const [search] = useDebouncedValue(chosen.some(({ label }) => label === typed) ? "" : typed.trim(), PAUSE_MS);
  const { data, error } = useQuery({
    queryKey: [...queryKey, "sought", search],
    queryFn: () => find(search),
    placeholderData: keepPreviousData,
  });
  const found = data ?? [];
  const offered = [...found, ...chosen.filter(({ value }) => !found.some((option) => option.value === value))];
  return {
    offered,
    ...{ data: offered, searchable: true, searchValue: typed, onSearchChange: setTyped },
    filter: ({ options }: { options: unknown }) => options as never,
    nothingFoundMessage: error ? error.message : data ? nothing : "Looking…",
  };
}

interface SoughtSelectProps extends Sought, Pick<SelectProps, "label" | "placeholder" | "size" | "flex"> {
  value: Option | null;
  onChange: (option: Option | null) => void;
}

export function SoughtSelect({ queryKey, find, nothing, value, onChange, ...props }: SoughtSelectProps) {
  const { offered, ...sought } = useSought({ queryKey, find, nothing }, value ? [value] : []);
  return (
    <Select
      {...props}
      {...sought}
      value={value?.value ?? null}
      onChange={(chosen) => onChange(offered.find((option) => option.value === chosen) ?? null)}
    />
  );
}

interface SoughtMultiSelectProps
  extends Sought,
    Pick<MultiSelectProps, "label" | "placeholder" | "aria-label" | "error" | "pl"> {
  value: Option[];
  onChange: (options: Option[]) => void;
}

export function SoughtMultiSelect({ queryKey, find, nothing, value, onChange, ...props }: SoughtMultiSelectProps) {
  const { offered, ...sought } = useSought({ queryKey, find, nothing }, value);
  return (
    <MultiSelect
      {...props}
      {...sought}
      hidePickedOptions
      value={value.map((option) => option.value)}
      onChange={(chosen) => onChange(offered.filter((option) => chosen.includes(option.value)))}
    />
  );
}
