import { Combobox, Pill, PillsInput, useCombobox } from "@mantine/core";
import { IconSearch } from "@tabler/icons-react";
import { type KeyboardEvent, useState } from "react";
import type { AuditEntry } from "../api/audit/audit.ts";
import classes from "./audit.module.css";
import { FIELDS, fieldsFor, termsIn, valuesOf } from "./fields.ts";
import type { AuditSearch, FieldName } from "./search.ts";

interface FilterBarProps {
  search: AuditSearch;
  /** What is on the page, whose values are offered. */
  entries: readonly AuditEntry[];
  onChange: (search: AuditSearch) => void;
}

const OFFERED_MAX = 12;

/** `tool:search outcome:ok`, typed or chosen; what is set stands before it. */
export function FilterBar({ search, entries, onChange }: FilterBarProps) {
  const [text, setText] = useState("");
  const combobox = useCombobox({ onDropdownClose: () => combobox.resetSelectedOption() });
  const set = FIELDS.filter(({ name }) => search[name] !== undefined);
  const offers = offersFor(text, entries);

  function type(text: string): void {
    setText(text);
    combobox.openDropdown();
    if (text === "") combobox.resetSelectedOption();
    else combobox.selectFirstOption();
  }

  function add(terms: AuditSearch): void {
    onChange({ ...search, ...terms });
    setText("");
    combobox.closeDropdown();
  }

  function choose(offer: string): void {
    const terms = termsIn(offer);
    if (Object.keys(terms).length > 0) add(terms);
    else type(offer);
  }

  function remove(name: FieldName): void {
    const { [name]: _, ...rest } = search;
    onChange(rest);
  }

  function onKeyDown(event: KeyboardEvent): void {
    const terms = termsIn(text);
    if (event.key === "Enter" && Object.keys(terms).length > 1) {
      event.preventDefault();
      add(terms);
    }
    const last = set.at(-1);
    if (event.key === "Backspace" && text === "" && last) remove(last.name);
  }

  return (
    <Combobox store={combobox} onOptionSubmit={choose} withinPortal={false} offset={4}>
      <Combobox.DropdownTarget>
        <PillsInput leftSection={<IconSearch size={16} aria-hidden />} className={classes.bar} size="sm">
          <Pill.Group>
            {set.map(({ name }) => (
              <Pill
                key={name}
                withRemoveButton
                onRemove={() => remove(name)}
                removeButtonProps={{ "aria-label": `Remove ${name}`, "aria-hidden": false, tabIndex: 0 }}
                className={classes.pill}
              >
                <span className={classes.term}>{name}</span> {search[name]}
              </Pill>
            ))}
            <Combobox.EventsTarget withExpandedAttribute>
              <PillsInput.Field
                role="combobox"
                aria-label="Filter"
                placeholder={set.length === 0 ? "Filter, such as tool:search outcome:ok" : undefined}
                value={text}
                spellCheck={false}
                autoComplete="off"
                onFocus={() => combobox.openDropdown()}
                onClick={() => combobox.openDropdown()}
                onBlur={() => combobox.closeDropdown()}
                onKeyDown={onKeyDown}
                onChange={({ currentTarget: { value } }) => type(value)}
              />
            </Combobox.EventsTarget>
          </Pill.Group>
        </PillsInput>
      </Combobox.DropdownTarget>
      <Combobox.Dropdown hidden={offers.length === 0}>
        <Combobox.Options mah={360} className={classes.offers} aria-label="Filters">
          {offers.map(({ term, explained }) => (
            <Combobox.Option key={term} value={term}>
              <code>{term}</code>
              {explained && <span className={classes.explained}>{explained}</span>}
            </Combobox.Option>
          ))}
        </Combobox.Options>
      </Combobox.Dropdown>
    </Combobox>
  );
}

interface Offer {
  /** What is typed when it is chosen. */
  term: string;
  explained?: string;
}

/** Fields first, and their values once a field is named. */
function offersFor(text: string, entries: readonly AuditEntry[]): Offer[] {
  const typed = text.trim();
  const [, name, value = ""] = /^(\w+):\s*"?([^"]*)/.exec(typed) ?? [];
  const field = FIELDS.find((field) => field.name === name);
  if (field) return valueOffers(field.name, value, entries);
  const fields = FIELDS.filter(({ name }) => name.startsWith(typed)).map(({ name, explained }) => ({
    term: `${name}:`,
    explained,
  }));
  if (typed === "") return fields;
  return [...fields, ...fieldsFor(typed).map((name) => ({ term: termOf(name, typed) }))];
}

function valueOffers(name: FieldName, value: string, entries: readonly AuditEntry[]): Offer[] {
  const known = valuesOf(name, entries).filter((known) => known.includes(value) && known !== value);
  return [...(value ? [value] : []), ...known].slice(0, OFFERED_MAX).map((value) => ({ term: termOf(name, value) }));
}

const termOf = (name: FieldName, value: string): string => `${name}:${/\s/.test(value) ? `"${value}"` : value}`;
