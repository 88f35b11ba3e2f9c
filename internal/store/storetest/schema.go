package storetest

var schemaTests = []test{
	{"the schema is the one that the program brings", func(h *House) {
		has, brings, err := h.DB.Schema(h.ctx())
		h.must(err)
		same(h, "the schema", has, brings)
		if has < 1 {
			h.Errorf("version %d", has)
		}
	}},
}
