package main

type signCmd struct{}

func (c *signCmd) Run(t terminal) error { return misuse("sign is not built yet") }
