import { finish, type Interaction, type InteractionContext, type InteractionDeps, type Step } from "../interaction.ts";
import { beginLink } from "./begin.ts";
import { browserOf, type ConnectDeps, viewOf } from "./connect.ts";
import { missingLink } from "./missing-link.ts";
import { connectHeaders, linkPage } from "./pages.ts";

/** After consent, and before the client has its answer: the accounts that the endpoint needs. It goes on without as well. */
export function offerLink(deps: InteractionDeps & ConnectDeps): Step {
  const { provider, formTokens } = deps;
  const missing = ({ params, session }: Interaction) =>
    missingLink(deps, params.resource as string, session!.accountId);

  async function show(c: InteractionContext): Promise<Response> {
    const target = await missing(c.var.interaction);
    if (!target) return finish(provider, c, { link: {} });
    const csrfToken = formTokens.tokenFor(c.var.interaction.uid);
    return c.html(linkPage({ csrfToken, ...(await viewOf(deps, target)), mayWait: true }), 200, connectHeaders());
  }

  async function submit(c: InteractionContext, form: Record<string, unknown>): Promise<Response> {
    const target = await missing(c.var.interaction);
    if (!target || form.link === "later") return finish(provider, c, { link: {} });
    const { uid: interactionUid } = c.var.interaction;
    const url = await beginLink(deps, target, { browser: browserOf(deps, c), interactionUid });
    return c.redirect(url.href, 303);
  }

  return { show, submit };
}
