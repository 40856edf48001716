import { TextInput } from "@mantine/core";
import type { UseFormReturnType } from "@mantine/form";
import { type ChangeEvent, useState } from "react";
import { suggestSlug } from "./suggest-slug.ts";

interface Named {
  name: string;
  slug: string;
}

/** What a connector is called, and its address, which follows the name until it is chosen by itself. */
export function NameFields({ org, form }: { org: string; form: UseFormReturnType<Named> }) {
  const [slugIsOwn, setSlugIsOwn] = useState(false);

  function nameChanged(event: ChangeEvent<HTMLInputElement>): void {
    const name = event.currentTarget.value;
    form.setFieldValue("name", name);
    if (!slugIsOwn) form.setFieldValue("slug", suggestSlug(name));
  }

  function slugChanged(event: ChangeEvent<HTMLInputElement>): void {
    setSlugIsOwn(event.currentTarget.value !== "");
    form.setFieldValue("slug", event.currentTarget.value);
  }

  return (
    <>
      <TextInput
        name="name"
        label="Name"
        description="As your members know it"
        placeholder="Issue tracker"
        autoComplete="off"
        data-autofocus
        {...form.getInputProps("name")}
        onChange={nameChanged}
      />
      <TextInput
        name="slug"
        label="Name in the address"
        description={`Clients connect to ${location.origin}/${org}/${form.values.slug || "…"}/mcp, for good`}
        placeholder="issue-tracker"
        autoComplete="off"
        spellCheck={false}
        {...form.getInputProps("slug")}
        onChange={slugChanged}
      />
    </>
  );
}
