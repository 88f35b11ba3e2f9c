package operate

import "countersign/identity/policy"

// rights is what each operation takes :: operation → right. It is there to be read, in
// the documentation: the rooms ask for rights themselves, and a walk over every route
// and role holds this table to what they say.
var rights = map[string]policy.Right{
	"signOutContact": policy.ManagePeople, "setBareHashes": policy.ManagePeople, "releaseIdentifier": policy.ManagePeople, "endSessions": policy.ManagePeople, "blockContact": policy.ManagePeople,
	"endContactSessions": policy.ManagePeople, "endContactSession": policy.ManagePeople,
	"getContact": policy.ReadConversations, "listImported": policy.ReadConversations, "findContact": policy.ReadConversations, "listSessions": policy.ReadConversations, "countSessions": policy.ReadConversations,
	"exportContact": policy.ExportPeople,
	"countHoldings": policy.ErasePeople, "eraseContact": policy.ErasePeople,
	"changeAttributes":   policy.ReplyConversations,
	"getAttributePolicy": policy.ReadChannels, "getLogoutPolicy": policy.ReadChannels, "listChannels": policy.ReadChannels, "getChannel": policy.ReadChannels, "getInstallation": policy.ReadChannels,
	"watchInstallation": policy.ReadChannels, "previewEnforcement": policy.ReadChannels, "getEmailCode": policy.ReadChannels,
	"setAttributePolicy": policy.ManageChannels, "setLogoutPolicy": policy.ManageChannels, "createChannel": policy.ManageChannels, "changeChannel": policy.ManageChannels, "ignoreDomain": policy.ManageChannels,
	"listOutbox":   policy.ManageChannels,
	"setEmailCode": policy.SetEnforcement, "setEnforcement": policy.SetEnforcement,
	"listKeys": policy.ReadKeys, "diagnoseProof": policy.ReadKeys, "getSnippets": policy.ReadKeys, "getKeyImpact": policy.ReadKeys, "getKeyCompromise": policy.ReadKeys,
	"createKey": policy.ManageKeys, "rotateKey": policy.ManageKeys, "renameKey": policy.ManageKeys, "signKeyBy": policy.ManageKeys, "extendKey": policy.ManageKeys,
	"finishKey": policy.ManageKeys, "revokeKey": policy.ManageKeys, "revokeKid": policy.ManageKeys,
	"listRegistrations": policy.ReadKeys, "createRegistration": policy.ManageKeys, "refuseRegistration": policy.ManageKeys,
	"listAgents": policy.ReadTeam,
	"readAudit":  policy.ReadAudit, "getAuditStatus": policy.ReadAudit, "exportAudit": policy.ReadAudit,
}
