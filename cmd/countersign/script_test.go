package main

import (
	"testing"

	"github.com/rogpeppe/go-internal/testscript"
)

// The stories under testdata/script are the manual of the command line.
func TestMain(m *testing.M) {
	testscript.Main(m, map[string]func(){"countersign": main})
}

func TestStories(t *testing.T) {
	testscript.Run(t, testscript.Params{Dir: "testdata/script", RequireExplicitExec: true})
}
