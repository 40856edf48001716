import type { Dependencies } from "./dependencies.ts";
import { inOrder } from "./exchange.ts";
import { atHolder, holderOfStream } from "./replicas/holder.ts";
import { takeOver } from "./replicas/take-over.ts";
import { acceptOrigin } from "./steps/accept-origin.ts";
import { authenticate } from "./steps/authenticate.ts";
import { authorize } from "./steps/authorize.ts";
import { beginSessionRequest } from "./steps/begin-session-request.ts";
import { editCall } from "./steps/edit-call.ts";
import { endSession } from "./steps/end-session.ts";
import { findSession } from "./steps/find-session.ts";
import { enterSseSession, findSseStream, withinSession } from "./steps/find-sse-stream.ts";
import { findTarget } from "./steps/find-target.ts";
import { findTask } from "./steps/find-task.ts";
import { limit, limitTool } from "./steps/limit.ts";
import { listen } from "./steps/listen.ts";
import { openSseStream } from "./steps/open-sse-stream.ts";
import { readMessage, readMessageOrBatch } from "./steps/read-message.ts";
import { recordIntent } from "./steps/record.ts";
import { send } from "./steps/send.ts";
import { splitBatch } from "./steps/split-batch.ts";
import { withCredential } from "./steps/with-credential.ts";
import { takeTurn } from "./turns.ts";

/** POST: the path of a call. Its answer is recorded where it is sent, in `fronts/`. */
export const call = (deps: Dependencies) =>
  inOrder(
    acceptOrigin(deps),
    authenticate(deps),
    readMessageOrBatch,
    splitBatch(deps, inOrder(...onMessage(deps))),
    ...onMessage(deps),
  );

const onMessage = (deps: Dependencies) => [
  limit(deps),
  takeTurn,
  findTarget,
  findTask(deps),
  authorize(deps),
  limitTool(deps),
  editCall,
  findSession(deps),
  withCredential(deps),
  recordIntent(deps),
  atHolder(deps, send(deps)),
];

/** GET: what a legacy session's upstream says unasked. */
export const sessionStream = (deps: Dependencies) =>
  inOrder(
    acceptOrigin(deps),
    authenticate(deps),
    beginSessionRequest,
    limit(deps),
    findSession(deps),
    withCredential(deps),
    atHolder(deps, listen(deps)),
  );

/** DELETE: the end of a legacy session, here and upstream. */
export const sessionEnd = (deps: Dependencies) =>
  inOrder(
    acceptOrigin(deps),
    authenticate(deps),
    beginSessionRequest,
    limit(deps),
    findSession(deps),
    withCredential(deps),
    atHolder(deps, endSession(deps)),
  );

/** GET of the deprecated HTTP+SSE transport (2024-11-05): the stream that carries all answers. */
export const sseStream = (deps: Dependencies) =>
  inOrder(
    acceptOrigin(deps),
    authenticate(deps),
    beginSessionRequest,
    limit(deps),
    withCredential(deps),
    openSseStream(deps),
  );

/** POST of HTTP+SSE: as `call`, answered on the stream. */
export const sseMessage = (deps: Dependencies) =>
  inOrder(
    acceptOrigin(deps),
    authenticate(deps),
    readMessage,
    limit(deps),
    takeTurn,
    atHolder(deps, inOrder(...onStream(deps)), holderOfStream),
  );

const onStream = (deps: Dependencies) => [
  findSseStream(deps),
  findTarget,
  findTask(deps),
  authorize(deps),
  limitTool(deps),
  editCall,
  enterSseSession,
  withCredential(deps),
  recordIntent(deps),
  withinSession(send(deps)),
];

/** What another replica has accepted and limited, and only this one can go on with. */
export const continuations = (deps: Dependencies) => ({
  mcp: {
    POST: inOrder(
      takeOver,
      authenticate(deps),
      readMessage,
      findTarget,
      findTask(deps),
      authorize(deps),
      editCall,
      findSession(deps),
      withCredential(deps),
      recordIntent(deps),
      send(deps),
    ),
    GET: inOrder(...inSession(deps), listen(deps)),
    DELETE: inOrder(...inSession(deps), endSession(deps)),
  },
  sse: {},
  messages: { POST: inOrder(takeOver, authenticate(deps), readMessage, ...onStream(deps)) },
});

const inSession = (deps: Dependencies) => [
  takeOver,
  authenticate(deps),
  beginSessionRequest,
  findSession(deps),
  withCredential(deps),
];
