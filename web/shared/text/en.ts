// The texts of the components that both faces share.

const problems: Record<string, string> = {
  offline: "No connection. Check your network and try again.",
  aborted: "That was stopped.",
  session_ended: "Your session has ended.",
  forbidden: "You may not do that.",
  confirmation_required: "Confirm with your password or passkey first.",
  step_ended: "That took too long. Begin again.",
  confirmation_refused: "That is not your password.",
  not_found: "This is not here, or not yours to see.",
  conflict: "Somebody else changed this at the same moment. Look again and repeat if it is still needed.",
  too_many: "That was too often. Wait a moment and try again.",
  request_invalid: "Something in this was not accepted.",
  body_too_large: "That is too long.",
  not_ready: "The server is starting or catching up. Try again in a moment.",
  not_ours: "Something between you and the server answered in its place.",
};

export const en = {
  tiers: { verified: "Verified", claimed: "Not verified", anonymous: "Anonymous" },
  close: "Close",
  retry: "Try again",
  loading: "Loading",
  failed: "That did not work",
  problem: (code: string): string => problems[code] ?? "Something went wrong on the server. Try again in a moment.",
  requestId: (id: string): string => `Request ${id}`,
};

export type SharedText = typeof en;
