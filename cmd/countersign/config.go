package main

import (
	"encoding/json"
	"fmt"
	"os"
	"slices"

	"countersign/internal/app"
	"countersign/internal/config"
	"countersign/internal/trust"
)

type configCmd struct {
	Check  configCheckCmd  `cmd:"" help:"Check flags and variables without starting anything."`
	Sample configSampleCmd `cmd:"" help:"Print every option with its default, as a commented environment file."`
}

type configCheckCmd struct {
	config.Installation `embed:""`
	config.Server       `embed:""`
	config.Mail         `embed:""`
	config.Files        `embed:""`
	config.Demo         `embed:""`
	JSON                bool `name:"json" help:"Answer as JSON."`
}

func (c *configCheckCmd) Run(t terminal) error {
	var problems []string
	c.MasterKey = t.Getenv(config.Prefix + "MASTER_KEY")
	if err := c.Installation.Check(); err != nil {
		problems = append(problems, err.Error())
	}
	if err := c.Server.Check(); err != nil {
		problems = append(problems, err.Error())
	}
	if err := app.CheckMail(c.Mail); err != nil {
		problems = append(problems, err.Error())
	}
	if err := c.Files.Check(); err != nil {
		problems = append(problems, err.Error())
	}
	if err := c.Demo.Check(); err != nil {
		problems = append(problems, err.Error())
	}
	if c.MasterKey != "" {
		if _, err := trust.ParseMaster([]byte(c.MasterKey)); err != nil {
			problems = append(problems, config.Prefix+"MASTER_KEY: "+told(err))
		}
	}
	problems = append(problems, unknownVariables()...)
	if c.JSON {
		if err := json.NewEncoder(t.Out).Encode(map[string]any{"ok": len(problems) == 0, "problems": append([]string{}, problems...)}); err != nil {
			return err
		}
		if len(problems) > 0 {
			return no("")
		}
		return nil
	}
	for _, p := range problems {
		fmt.Fprintln(t.Out, p)
	}
	if len(problems) > 0 {
		return no("%d problem(s)", len(problems))
	}
	fmt.Fprintln(t.Out, "ok")
	return nil
}

type configSampleCmd struct {
	Markdown bool `help:"As the table in docs/configuration.md."`
	JSON     bool `name:"json" help:"As JSON."`
}

func (c *configSampleCmd) Run(t terminal) error {
	switch {
	case c.JSON:
		return json.NewEncoder(t.Out).Encode(config.Options())
	case c.Markdown:
		fmt.Fprint(t.Out, config.Markdown())
	default:
		fmt.Fprint(t.Out, config.Sample())
	}
	return nil
}

// unknownVariables are sentences about COUNTERSIGN_* that nothing reads.
func unknownVariables() []string {
	var sentences []string
	for name, near := range config.Unknown(os.Environ()) {
		sentence := "unknown variable " + name
		if near != "" {
			sentence += ": did you mean " + near + "?"
		}
		sentences = append(sentences, sentence)
	}
	slices.Sort(sentences)
	return sentences
}
