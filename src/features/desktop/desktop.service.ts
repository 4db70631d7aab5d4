/** Whose request it is, for later rooms: their routes stand behind the same session, cookie and origin as the agent's own. */
export { SessionCookie } from './session-cookie.js';
export { SessionGuard, SignedInAgent, signedInAgent } from './session-guard.js';
