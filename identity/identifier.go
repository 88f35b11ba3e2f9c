package identity

// Kind says which field of an assertion an identifier came from. The two kinds
// never meet: user_id:x and email:x are different people.
type Kind string

const (
	KindUserID Kind = "user_id"
	KindEmail  Kind = "email"
)

// Identifier names one person inside one realm.
type Identifier struct {
	Realm string
	Kind  Kind
	Value string // an email is folded (Fold); a user id is the bytes that were signed
}

// String is kind:value, as the command line prints it.
func (i Identifier) String() string { return string(i.Kind) + ":" + i.Value }

// Method says by what an identity was proved.
type Method string

const (
	MethodNone       Method = ""
	MethodJWT        Method = "jwt"
	MethodV1         Method = "v1"
	MethodHMAC       Method = "hmac"
	MethodHMACEither Method = "hmac-either"
	MethodDKIM       Method = "dkim"
	MethodCode       Method = "code"
	MethodSetting    Method = "setting" // no proof: an operator's decision
)
