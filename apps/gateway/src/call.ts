import type { Dependencies } from "./dependencies.ts";
import { inOrder } from "./exchange.ts";
import { takeOver } from "./replicas/take-over.ts";
import { acceptOrigin } from "./steps/accept-origin.ts";
import { authenticate } from "./steps/authenticate.ts";
import { authorize } from "./steps/authorize.ts";
import { beginSessionRequest } from "./steps/begin-session-request.ts";
import { endSession } from "./steps/end-session.ts";
import { findSession } from "./steps/find-session.ts";
import { findTarget } from "./steps/find-target.ts";
import { limit } from "./steps/limit.ts";
import { listen } from "./steps/listen.ts";
import { readMessage } from "./steps/read-message.ts";
import { recordIntent } from "./steps/record.ts";
import { send } from "./steps/send.ts";
import { withCredential } from "./steps/with-credential.ts";

/** POST: the path of a call. Its answer is recorded where it is sent, in `fronts/`. */
export const call = (deps: Dependencies) =>
  inOrder(
    acceptOrigin(deps),
    authenticate(deps),
    readMessage,
    limit(deps),
    findTarget(deps),
    authorize(deps),
    findSession(deps),
    withCredential(deps),
    recordIntent(deps),
    send(deps),
  );

/** What another replica has accepted and limited, and only this one can go on with. */
export const continuation = (deps: Dependencies) =>
  inOrder(
    takeOver,
    authenticate(deps),
    readMessage,
    findTarget(deps),
    authorize(deps),
    findSession(deps),
    withCredential(deps),
    recordIntent(deps),
    send(deps),
  );

/** GET: what a legacy session's upstream says unasked. */
export const sessionStream = (deps: Dependencies) =>
  inOrder(
    acceptOrigin(deps),
    authenticate(deps),
    beginSessionRequest(deps),
    limit(deps),
    findSession(deps),
    withCredential(deps),
    listen(deps),
  );

/** DELETE: the end of a legacy session, here and upstream. */
export const sessionEnd = (deps: Dependencies) =>
  inOrder(
    acceptOrigin(deps),
    authenticate(deps),
    beginSessionRequest(deps),
    limit(deps),
    findSession(deps),
    withCredential(deps),
    endSession(deps),
  );
