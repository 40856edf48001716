import { finish, type Interaction, type InteractionContext, type InteractionDeps, type Step } from "../interaction.ts";
import { beginLink } from "./begin.ts";
import { browserOf, type ConnectDeps, problemIn, viewOf } from "./connect.ts";
import type { LinkTarget } from "./link-target.ts";
import { missingLink } from "./missing-link.ts";
import { connectHeaders, linkPage } from "./pages.ts";
import { typeIn } from "./type-in.ts";

/** After consent, and before the client has its answer: the accounts that the endpoint needs. It goes on without as well. */
export function offerLink(deps: InteractionDeps & ConnectDeps): Step {
  const { provider, formTokens } = deps;
  const missing = ({ params, session }: Interaction) =>
    missingLink(deps, params.resource as string, session!.accountId);

  async function show(c: InteractionContext): Promise<Response> {
    const target = await missing(c.var.interaction);
    return target ? showPage(c, target) : finish(provider, c, { link: {} });
  }

  async function showPage(c: InteractionContext, target: LinkTarget, problem?: string): Promise<Response> {
    const csrfToken = formTokens.tokenFor(c.var.interaction.uid);
    const page = linkPage({ csrfToken, ...(await viewOf(deps, target)), problem, mayWait: true });
    return c.html(page, problem ? 422 : 200, connectHeaders());
  }

  async function submit(c: InteractionContext, form: Record<string, unknown>): Promise<Response> {
    const target = await missing(c.var.interaction);
    if (!target || form.link === "later") return finish(provider, c, { link: {} });
    try {
      if (target.way.kind === "member-oauth") return await leave(c, target);
      await typeIn(deps, target, form);
      return await finish(provider, c, { link: {} });
    } catch (error) {
      return showPage(c, target, problemIn(error));
    }
  }

  async function leave(c: InteractionContext, target: LinkTarget): Promise<Response> {
    const { uid: interactionUid } = c.var.interaction;
    const url = await beginLink(deps, target, { browser: browserOf(deps, c), interactionUid });
    return c.redirect(url.href, 303);
  }

  return { show, submit };
}
