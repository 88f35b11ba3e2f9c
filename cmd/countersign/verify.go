package main

type verifyCmd struct{}

func (c *verifyCmd) Run(t terminal) error { return misuse("verify is not built yet") }
