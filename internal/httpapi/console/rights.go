package console

import "countersign/identity/policy"

// rights is what each operation of the console alone takes :: operation → right; what
// is not here, every agent may do. As in operate, it is there to be read.
var rights = map[string]policy.Right{
	"uploadReplyFile": policy.ReplyConversations, "getReplyFile": policy.ReadConversations, "getReplyThumbnail": policy.ReadConversations, "linkReplyFile": policy.ReadConversations,
	"resetFactors": policy.ManageTeam, "setTeamRule": policy.ManageTeam, "inviteAgent": policy.ManageTeam, "setRole": policy.ManageTeam, "removeAgent": policy.ManageTeam,
	"getTeamRule": policy.ReadTeam, "listRoles": policy.ReadTeam,
	"listThreads": policy.ReadConversations, "getCounts": policy.ReadConversations, "getThread": policy.ReadConversations, "listThreadMessages": policy.ReadConversations, "readThread": policy.ReadConversations,
	"openConsoleStream": policy.ReadConversations,
	"changeThread":      policy.ReplyConversations, "reply": policy.ReplyConversations, "showReplyTyping": policy.ReplyConversations,
	"confirmRegistration": policy.ManageKeys,
	"revealKey":           policy.RevealKeys, "revealHash": policy.RevealKeys,
	"listTokens": policy.ManageTokens, "createToken": policy.ManageTokens, "revokeToken": policy.ManageTokens,
}
