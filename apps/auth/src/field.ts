import { html } from "hono/html";
import type { Html } from "./pages.ts";

/** What was wrong with a form, by the name of the field; under `form` what is about none of them. */
export type Problems = Record<string, string>;

export interface FieldView {
  name: string;
  label: string;
  type?: "text" | "email" | "password";
  value?: string | undefined;
  /** What the browser may fill in (HTML §4.10.18.7). */
  autocomplete: string;
  /** Stands below the field, where nothing is wrong with it. */
  hint?: string;
  problem?: string | undefined;
  autofocus?: boolean;
}

/** A field with its label, and what is wrong with it beside it, said to screen readers as well. */
export function field({
  name,
  label,
  type = "text",
  value = "",
  autocomplete,
  hint,
  problem,
  autofocus,
}: FieldView): Html {
  const note = problem ?? hint;
  return html`<label for="${name}">${label}</label>
    <input
      id="${name}"
      name="${name}"
      type="${type}"
      value="${type === "password" ? "" : value}"
      autocomplete="${autocomplete}"
      required
      ${note ? html`aria-describedby="${name}-note"` : ""}
      ${problem ? html`aria-invalid="true"` : ""}
      ${autofocus || problem ? "autofocus" : ""}
    />
    ${note ? html`<p id="${name}-note" class="${problem ? "problem-note" : "hint"}">${note}</p>` : ""}`;
}

/** What was wrong with the form as a whole. */
export function formProblem(problems: Problems): Html | string {
  return problems.form ? html`<p class="problem" role="alert">${problems.form}</p>` : "";
}

export function hidden(name: string, value: string): Html {
  return html`<input type="hidden" name="${name}" value="${value}" />`;
}
