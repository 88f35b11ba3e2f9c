package main

import (
	"encoding/json"
	"fmt"
	"runtime"
	"runtime/debug"
)

// version is set by the release build; a build from a checkout says "dev".
var version = "dev"

type versionCmd struct {
	JSON bool `name:"json" help:"Answer as JSON."`
}

func (c *versionCmd) Run(t terminal) error {
	revision := ""
	if info, ok := debug.ReadBuildInfo(); ok {
		for _, s := range info.Settings {
			if s.Key == "vcs.revision" {
				revision = s.Value
			}
		}
	}
	if c.JSON {
		return json.NewEncoder(t.Out).Encode(map[string]string{"version": version, "revision": revision, "go": runtime.Version()})
	}
	_, err := fmt.Fprintf(t.Out, "countersign %s (%s)\n", version, runtime.Version())
	return err
}
