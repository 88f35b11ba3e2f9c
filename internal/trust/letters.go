package trust

// LetterSeal keeps letters that wait, and the addresses of codes, under the
// installation's key. It satisfies deliver.Sealer.
type LetterSeal struct {
	master       *Master
	installation string
}

// NewLetterSeal seals for one installation.
func NewLetterSeal(master *Master, installation string) LetterSeal {
	return LetterSeal{master: master, installation: installation}
}

func (s LetterSeal) at(workspace, id string) AD {
	return AD{Installation: s.installation, Workspace: workspace, Table: "outbox", Row: id, Purpose: "mail"}
}

// Seal binds the bytes to one row.
func (s LetterSeal) Seal(plain []byte, workspace, id string) []byte {
	return s.master.Seal(plain, s.at(workspace, id))
}

// Open is the reverse; every failure is ErrSealed.
func (s LetterSeal) Open(sealed []byte, workspace, id string) ([]byte, error) {
	return s.master.Open(sealed, s.at(workspace, id))
}
