// The JSON of the visitor's API, as internal/httpapi/wire writes it. Lists may be null where the server has none.

export type Tier = "anonymous" | "claimed" | "verified";

export interface Assertion {
  dialect?: string;
  user_id?: string | number;
  email?: string;
  name?: string;
  hash?: string;
  jwt?: string;
  attributes?: Record<string, string | number | boolean | null>;
}

export interface OpenSession {
  channel: string;
  platform: "web" | "ios" | "android";
  version?: string; // of the app
  assertion?: Assertion;
  visitor_token?: string;
  replaces?: string; // the session of the same widget that this one follows
  origin?: string;
}

export interface SessionFacts {
  session_id: string;
  tier: Tier;
  method: string;
  expires_at: string;
  lane: string;
  visitor: string;
  notice: "" | "made_anonymous" | "unverified";
  name?: string;
  email?: string; // that its holder proved by a code
  seq: number; // where the stream starts
  claim?: { last_at: string }; // an anonymous thread of this browser waits for "that was me"
  claimed?: number; // threads that moved by themselves
}

export interface Opened extends SessionFacts {
  session: string;
  visitor_token?: string; // only when a new visitor was made
}

export interface ChannelFacts {
  channel: string;
  name: string;
  team: string;
  greeting: string;
  accent: string;
  online: boolean;
  email_code?: boolean; // a visitor can prove an address by a code
  file_bytes?: number; // what one file may have; absent: files are not taken
}

export interface Conversation {
  id: string;
  status: string;
  created_at: string;
  last_at: string;
  preview: string;
  last_author: "visitor" | "agent" | "system";
  unread: number;
  seq: number; // of the last message
  agents_read: number;
  visitor_read: number;
  assignee?: { name: string };
  message?: Message; // in the answer to a conversation that was opened with a text
}

export interface Message {
  id: string;
  conversation_id: string;
  seq: number;
  author: { kind: "visitor" | "agent" | "bot" | "system"; name?: string };
  text: string;
  client_id: string;
  tier: Tier;
  at: string;
  files?: FileFacts[];
}

// A picture has a width and a height and may be shown; without them it is a download.
export interface FileFacts {
  id: string;
  name: string;
  media_type: string;
  size: number;
  width?: number;
  height?: number;
}

export interface ConversationPage {
  conversations: Conversation[] | null;
  next?: string;
}

export interface MessagePage {
  messages: Message[] | null; // oldest first
  more: boolean;
}

export interface ReadMoved {
  conversation_id: string;
  side: "visitor" | "agents";
  seq: number;
}

export interface Typing {
  conversation_id: string;
  author: { kind: string; name?: string };
}
