import { z } from "zod";
import { invalidFields } from "./fields.ts";

/** What is destroyed, named once more by whoever destroys it. */
export const Confirmation = z.object({ confirm: z.string("Type the name to confirm").max(100) });

export function confirmBy(name: string, { confirm }: z.output<typeof Confirmation>): void {
  if (confirm !== name) throw invalidFields({ confirm: `Type “${name}” to confirm` });
}
