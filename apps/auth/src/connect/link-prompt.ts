import type { Database } from "@gatehouse/store/database";
import { interactionPolicy } from "oidc-provider";
import { missingLink } from "./missing-link.ts";

/** After consent: whether there is an account to link for what the client asks for. Nobody is asked twice in one sign-in. */
export function linkOffered(deps: { db: Database; publicUrl: URL }) {
  const { Check, Prompt } = interactionPolicy;
  const unlinked = new Check("unlinked", "an account that the endpoint needs is not linked", async (ctx) => {
    const { params, account, result, promptPending } = ctx.oidc as typeof ctx.oidc & {
      promptPending(prompt: string): boolean;
    };
    if (params!.resource === undefined || result?.link !== undefined || promptPending.call(ctx.oidc, "none")) {
      return Check.NO_NEED_TO_PROMPT;
    }
    const missing = await missingLink(deps, params!.resource as string, account!.accountId);
    return missing ? Check.REQUEST_PROMPT : Check.NO_NEED_TO_PROMPT;
  });
  return new Prompt({ name: "link" }, unlinked);
}
