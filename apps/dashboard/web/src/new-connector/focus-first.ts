/** Leads to the first field that needs attention. */
export function focusFirst(form: HTMLFormElement | null, fields: Record<string, string>): void {
  const first = ["name", "slug", "url"].find((name) => name in fields);
  form?.querySelector<HTMLInputElement>(`[name="${first}"]`)?.focus();
}
